"""`/payees`, `/transfers` and `/money-requests`: money between customers, once per Idempotency-Key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import transfer_queries
from payments.actions.findability import change_findability
from payments.actions.money_requests import ask_for_money, cancel_request, decline_request, pay_request
from payments.actions.payees import find_payee
from payments.actions.transfers import send_money
from payments.api import transfer_examples as examples
from payments.api.transfer_serializers import (
    DeclineSerializer,
    FindabilitySerializer,
    FindPayeeSerializer,
    MoneyRequestSerializer,
    MoneyRequestsSerializer,
    PayeeSerializer,
    PayeesSerializer,
    SendSerializer,
    TransferSerializer,
)
from payments.customers import customer_of
from payments.models import MoneyRequest, Transfer
from wallet_site.api.idempotent import IdempotentMixin
from wallet_site.api.serializers import values_of
from wallet_site.web import actor_of

_TAG = ["Sending"]


def _transfer(transfer: Transfer, user_id: int) -> dict[str, Any]:
    return dict(TransferSerializer(transfer, context={"user_id": user_id}).data)


def _request(request: MoneyRequest, user_id: int) -> dict[str, Any]:
    return dict(MoneyRequestSerializer(request, context={"user_id": user_id}).data)


class FindabilityView(APIView):
    """Whether others find the customer."""

    @extend_schema(
        operation_id="get_findability", tags=_TAG, responses={200: FindabilitySerializer},
        summary="Read by what others find the customer", examples=[examples.FINDABILITY],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        known = transfer_queries.findability_of(customer_of(request).pk)
        return Response(FindabilitySerializer(known).data)

    @extend_schema(
        operation_id="change_findability", tags=_TAG, request=FindabilitySerializer,
        responses={200: FindabilitySerializer}, summary="Let others find the customer, or not",
        examples=[examples.FINDABILITY],
    )  # fmt: skip
    def put(self, request: Request) -> Response:
        known = change_findability(
            customer_of(request), **values_of(FindabilitySerializer, request), actor=actor_of(request)
        )
        return Response(FindabilitySerializer(known).data)


class PayeesView(APIView):
    """Whom the customer can pay."""

    @extend_schema(
        operation_id="list_payees", tags=_TAG, responses={200: PayeesSerializer},
        summary="List the people whom the customer knows here", examples=[examples.PAYEES],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        payees = transfer_queries.recent_payees(customer_of(request).pk, limit=50)
        return Response(PayeesSerializer({"results": payees}).data)

    @extend_schema(
        operation_id="find_payee", tags=_TAG, request=FindPayeeSerializer, responses={200: PayeeSerializer},
        summary="Find somebody by their exact address",
        description="Only who allows it is found; for everybody else the answer is the same 404. Every look-up is "
        "counted. Moves no money and needs no key: a repeat answers the same payee.",
        examples=[examples.FIND, examples.PAYEE],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        asked = values_of(FindPayeeSerializer, request)
        payee = find_payee(customer_of(request), address=asked["address"], actor=actor_of(request))
        return Response(PayeeSerializer(payee).data)


class TransfersView(IdempotentMixin, APIView):
    """Send money."""

    @extend_schema(
        operation_id="send_money", tags=_TAG, request=SendSerializer, responses={201: TransferSerializer},
        summary="Send money to a payee",
        description="Answers 401 with `step_up` until the customer has confirmed exactly this payee and amount; prove "
        "it at `/step-up` and repeat this request with the same key.",
        examples=[examples.SEND, examples.TRANSFER],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        user = customer_of(request)
        asked = values_of(SendSerializer, request)
        sent = send_money(
            user,
            payee_id=asked["payee"],
            amount_minor=asked["amount"],
            message=asked["message"],
            request_key=self.request_once.key,
            actor=actor_of(request),
        )
        found = transfer_queries.transfer_of(user.pk, sent.transfer.public_id)
        return self.answer(201, _transfer(found, user.pk), repeated=sent.repeated)


class TransferView(APIView):
    """One transfer that the customer sent or received."""

    @extend_schema(
        operation_id="get_transfer", tags=_TAG, responses={200: TransferSerializer},
        summary="Read one transfer", examples=[examples.TRANSFER],
    )  # fmt: skip
    def get(self, request: Request, transfer_id: UUID) -> Response:
        user = customer_of(request)
        return Response(_transfer(transfer_queries.transfer_of(user.pk, transfer_id), user.pk))


class MoneyRequestsView(IdempotentMixin, APIView):
    """Requests for money."""

    @extend_schema(
        operation_id="list_money_requests", tags=_TAG, responses={200: MoneyRequestsSerializer},
        summary="List the open requests for money, both ways", examples=[examples.REQUESTS],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        user = customer_of(request)
        found = transfer_queries.open_requests(user.pk)
        body = {"results": [*found.to_pay, *found.made]}
        return Response(MoneyRequestsSerializer(body, context={"user_id": user.pk}).data)

    @extend_schema(
        operation_id="ask_for_money", tags=_TAG, request=SendSerializer,
        responses={201: MoneyRequestSerializer}, summary="Ask a payee for money, for seven days",
        examples=[examples.SEND, examples.REQUEST],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        user = customer_of(request)
        asked = values_of(SendSerializer, request)
        made = ask_for_money(
            user,
            payee_id=asked["payee"],
            amount_minor=asked["amount"],
            message=asked["message"],
            request_key=self.request_once.key,
            actor=actor_of(request),
        )
        found = transfer_queries.request_of(user.pk, made.request.public_id)
        return self.answer(201, _request(found, user.pk), repeated=made.repeated)


class MoneyRequestView(APIView):
    """One request for money."""

    @extend_schema(
        operation_id="get_money_request", tags=_TAG, responses={200: MoneyRequestSerializer},
        summary="Read one request for money", examples=[examples.REQUEST],
    )  # fmt: skip
    def get(self, request: Request, request_id: UUID) -> Response:
        user = customer_of(request)
        return Response(_request(transfer_queries.request_of(user.pk, request_id), user.pk))

    @extend_schema(
        operation_id="cancel_money_request", tags=_TAG, request=None, responses={204: None},
        summary="Take one's own request back",
    )  # fmt: skip
    def delete(self, request: Request, request_id: UUID) -> Response:
        cancel_request(customer_of(request), request_id=request_id, actor=actor_of(request))
        return Response(status=204)


class PayRequestView(IdempotentMixin, APIView):
    """Pay what somebody asks for."""

    @extend_schema(
        operation_id="pay_money_request", tags=_TAG, request=None, responses={201: TransferSerializer},
        summary="Pay a request: a send with all of its guards", examples=[examples.TRANSFER],
    )  # fmt: skip
    def post(self, request: Request, request_id: UUID) -> Response:
        user = customer_of(request)
        paid = pay_request(
            user, request_id=request_id, request_key=self.request_once.key, actor=actor_of(request)
        )
        found = transfer_queries.transfer_of(user.pk, paid.transfer.public_id)
        return self.answer(201, _transfer(found, user.pk), repeated=paid.repeated)


class DeclineRequestView(APIView):
    """Say no."""

    @extend_schema(
        operation_id="decline_money_request", tags=_TAG, request=DeclineSerializer,
        responses={200: MoneyRequestSerializer},
        summary="Decline a request, and block further ones of this person if wanted",
        examples=[examples.DECLINE, examples.DECLINED],
    )  # fmt: skip
    def post(self, request: Request, request_id: UUID) -> Response:
        user = customer_of(request)
        asked = values_of(DeclineSerializer, request)
        decline_request(user, request_id=request_id, block=asked["block"], actor=actor_of(request))
        return Response(_request(transfer_queries.request_of(user.pk, request_id), user.pk))
