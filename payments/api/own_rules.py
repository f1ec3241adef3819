"""`/limits`, `/auto-top-up` and the confirmation that a till asks for: what customers set for themselves."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import own_limits
from payments.actions.auto_top_ups import switch_off, switch_on
from payments.actions.confirmations import confirm_payment
from payments.actions.own_limits import set_own_limit
from payments.api import transfer_examples as examples
from payments.api.transfer_serializers import (
    AutoTopUpSerializer,
    OwnLimitSerializer,
    OwnLimitsSerializer,
    SetLimitSerializer,
    SwitchOnSerializer,
)
from payments.customers import customer_of
from payments.models import AutoTopUp, OwnLimit
from wallet_site.api.serializers import values_of
from wallet_site.errors import NotFound
from wallet_site.web import actor_of


class OwnLimitsView(APIView):
    """The limits that a customer can set."""

    @extend_schema(
        operation_id="list_own_limits", tags=["Limits"], responses={200: OwnLimitsSerializer},
        summary="List the limits that the customer can set", examples=[examples.LIMITS],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        found = own_limits.standings(customer_of(request).pk)
        return Response(OwnLimitsSerializer({"results": found}).data)


class OwnLimitView(APIView):
    """One of them."""

    @extend_schema(
        operation_id="set_own_limit", tags=["Limits"], request=SetLimitSerializer,
        responses={200: OwnLimitSerializer}, summary="Set a limit of one's own",
        description="Lower counts at once. Higher counts after 24 hours and answers 401 with `step_up` until it is "
        "confirmed; setting what holds already calls a waiting raise off.",
        examples=[examples.SET_LIMIT, examples.LIMIT],
    )  # fmt: skip
    def put(self, request: Request, kind: str) -> Response:
        if kind not in OwnLimit.Kind.values:
            raise NotFound
        asked = values_of(SetLimitSerializer, request)
        standing = set_own_limit(
            customer_of(request),
            kind=OwnLimit.Kind(kind),
            amount_minor=asked["amount"],
            actor=actor_of(request),
        )
        return Response(OwnLimitSerializer(standing).data)


class AutoTopUpView(APIView):
    """Topping up by itself."""

    @extend_schema(
        operation_id="get_auto_top_up", tags=["Top-ups"], responses={200: AutoTopUpSerializer},
        summary="Read how the automatic top-up stands; 404 until it was switched on once",
        examples=[examples.AUTO_TOP_UP],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        known = AutoTopUp.objects.select_related("card").filter(user=customer_of(request)).first()
        if known is None:
            raise NotFound
        return Response(AutoTopUpSerializer(known).data)

    @extend_schema(
        operation_id="switch_on_auto_top_up", tags=["Top-ups"], request=SwitchOnSerializer,
        responses={200: AutoTopUpSerializer}, summary="Switch the automatic top-up on, or change it",
        description="Answers 401 with `step_up` until exactly this is confirmed.",
        examples=[examples.SWITCH_ON, examples.AUTO_TOP_UP],
    )  # fmt: skip
    def put(self, request: Request) -> Response:
        asked = values_of(SwitchOnSerializer, request)
        made = switch_on(
            customer_of(request),
            card_id=asked["card"],
            threshold_minor=asked["threshold"],
            amount_minor=asked["amount"],
            actor=actor_of(request),
        )
        return Response(AutoTopUpSerializer(made).data)

    @extend_schema(
        operation_id="switch_off_auto_top_up", tags=["Top-ups"], request=None, responses={204: None},
        summary="Switch it off, at once",
    )  # fmt: skip
    def delete(self, request: Request) -> Response:
        switch_off(customer_of(request), actor=actor_of(request))
        return Response(status=204)


class ConfirmPaymentView(APIView):
    """The answer to a till that asks."""

    @extend_schema(
        operation_id="confirm_payment", tags=["Paying in stores"], request=None, responses={204: None},
        summary="Confirm the amount and store of a payment that was declined with confirm-first",
        description="Answers 401 with `step_up` until it is confirmed. Then make a new code; the cashier tries again "
        "within five minutes.",
    )  # fmt: skip
    def post(self, request: Request, payment_id: UUID) -> Response:
        confirm_payment(customer_of(request), payment_id=payment_id, actor=actor_of(request))
        return Response(status=204)
