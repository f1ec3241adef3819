"""The counter's side of a payment. Every POST needs an Idempotency-Key; a repeat gets the first answer."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import queries
from payments.actions.authorizations import cancel_payment, capture_payment
from payments.actions.store_payments import refund_payment, take_payment
from payments.api.terminal_authentication import (
    IsTerminal,
    TerminalAuthentication,
    terminal_actor,
    terminal_of,
)
from payments.api.terminal_serializers import (
    CancelSerializer,
    CaptureSerializer,
    MakeRefundSerializer,
    PaymentSerializer,
    RefundSerializer,
    TakePaymentSerializer,
)
from payments.errors import PaymentNotFound
from wallet_site.api.idempotent import IdempotentMixin
from wallet_site.errors import FieldError, InvalidInput


class TerminalView(APIView):
    """Base: only terminals, signed."""

    authentication_classes = (TerminalAuthentication,)
    permission_classes = (IsTerminal,)
    requests_per_minute = 600


class PaymentsView(IdempotentMixin, TerminalView):
    """Take a payment; find one by the terminal's own reference."""

    @extend_schema(
        operation_id="terminal_take_payment",
        request=TakePaymentSerializer,
        responses={201: PaymentSerializer},
        summary="Take a payment by a customer's code. A decline is an answer too: see `approved`.",
    )
    def post(self, request: Request) -> Response:
        asked = TakePaymentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        taken = take_payment(
            terminal_of(request),
            code=asked.validated_data["code"],
            amount_minor=asked.validated_data["amount"],
            currency=asked.validated_data["currency"],
            reference=asked.validated_data["reference"],
            idempotency_key=self.request_once.key,
            actor=terminal_actor(request),
            capture=asked.validated_data["capture"],
        )
        return self.answer(201, PaymentSerializer(taken.payment).data, repeated=taken.repeated)

    @extend_schema(
        operation_id="terminal_find_payment",
        parameters=[OpenApiParameter("reference", str, required=True)],
        responses={200: PaymentSerializer},
        summary="What became of the sale with this reference? Ask here after a lost answer.",
    )
    def get(self, request: Request) -> Response:
        reference = request.query_params.get("reference", "")
        if not reference or "\0" in reference:
            raise InvalidInput(errors=[FieldError("/reference", "reference", "required")])
        payment = queries.payment_by_reference(terminal_of(request), reference)
        if payment is None:
            raise PaymentNotFound
        return Response(PaymentSerializer(payment).data)


class PaymentView(TerminalView):
    """One payment of the terminal's merchant."""

    @extend_schema(operation_id="terminal_get_payment", responses={200: PaymentSerializer})
    def get(self, request: Request, payment_id: UUID) -> Response:
        payment = queries.payment_of_merchant(terminal_of(request).store.merchant_id, payment_id)
        if payment is None:
            raise PaymentNotFound
        return Response(PaymentSerializer(payment).data)


class RefundsView(IdempotentMixin, TerminalView):
    """Give money back."""

    @extend_schema(
        operation_id="terminal_make_refund",
        request=MakeRefundSerializer,
        responses={201: RefundSerializer},
        summary="Give back a part of a captured payment, or what is left of it.",
    )
    def post(self, request: Request, payment_id: UUID) -> Response:
        asked = MakeRefundSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = refund_payment(
            terminal_of(request),
            payment_public_id=payment_id,
            amount_minor=asked.validated_data["amount"],
            idempotency_key=self.request_once.key,
            actor=terminal_actor(request),
        )
        return self.answer(201, RefundSerializer(made.refund).data, repeated=made.repeated)


class CaptureView(IdempotentMixin, TerminalView):
    """Take what was authorized."""

    @extend_schema(
        operation_id="terminal_capture_payment",
        request=CaptureSerializer,
        responses={200: PaymentSerializer},
        summary="Take an authorized payment, whole or in part, once. The rest is let go.",
    )
    def post(self, request: Request, payment_id: UUID) -> Response:
        asked = CaptureSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        payment = capture_payment(
            terminal_of(request),
            payment_public_id=payment_id,
            amount_minor=asked.validated_data["amount"],
            actor=terminal_actor(request),
        )
        return Response(PaymentSerializer(payment).data)


class CancelView(IdempotentMixin, TerminalView):
    """Let an authorization go."""

    @extend_schema(
        operation_id="terminal_cancel_payment",
        request=CancelSerializer,
        responses={200: PaymentSerializer},
        summary="Let an authorized payment go: the customer can spend the money again at once.",
    )
    def post(self, request: Request, payment_id: UUID) -> Response:
        CancelSerializer(data=request.data).is_valid(raise_exception=True)
        payment = cancel_payment(
            terminal_of(request), payment_public_id=payment_id, actor=terminal_actor(request)
        )
        return Response(PaymentSerializer(payment).data)
