"""`/disputes` and `/payment-reports`: charges that a bank took back, and payments that a customer did not make."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments.actions.disputes import say
from payments.actions.payment_reports import report_payment
from payments.api import dispute_examples as examples
from payments.api.dispute_serializers import (
    DisputeSerializer,
    DisputeWordSerializer,
    PaymentReportSerializer,
    ReportPaymentSerializer,
)
from payments.customers import customer_of
from payments.dispute_queries import dispute_of, disputes_of
from payments.models import Dispute
from wallet_site.api.etags import tagged
from wallet_site.api.pagination import CursorPages
from wallet_site.api.serializers import values_of
from wallet_site.web import actor_of

_UNCHANGED = OpenApiResponse(description="Not changed since the ETag in `If-None-Match`.")


class DisputesView(ListAPIView[Dispute]):
    """Charges that a bank took back."""

    serializer_class = DisputeSerializer
    pagination_class = CursorPages

    def get_queryset(self) -> QuerySet[Dispute]:
        """The customer's own."""
        return disputes_of(customer_of(self.request))

    @extend_schema(
        operation_id="list_disputes",
        tags=["Disputes"],
        summary="List top-ups that a bank took back, newest first",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page."""
        return super().get(request, *args, **kwargs)


class DisputeView(APIView):
    """One of them."""

    @extend_schema(
        operation_id="get_dispute",
        tags=["Disputes"],
        summary="See how a dispute stands",
        responses={200: DisputeSerializer, 304: _UNCHANGED},
        examples=[examples.DISPUTE],
    )
    def get(self, request: Request, dispute_id: UUID) -> Response:
        """With an ETag, as it changes seldom."""
        found = dispute_of(customer_of(request), dispute_id)
        return tagged(request, DisputeSerializer(found).data)


class DisputeWordView(APIView):
    """The customer's word about it."""

    @extend_schema(
        operation_id="answer_dispute",
        tags=["Disputes"],
        summary="Say whether the charge was your own",
        description="Once, while it is open. A repeat of the same word changes nothing; another word is refused.",
        request=DisputeWordSerializer,
        responses={200: DisputeSerializer},
        examples=[examples.WORD],
    )
    def post(self, request: Request, dispute_id: UUID) -> Response:
        """Kept for the desk."""
        asked = values_of(DisputeWordSerializer, request)
        found = dispute_of(customer_of(request), dispute_id)
        said = say(found, asked["said"], text=asked["text"], actor=actor_of(request))
        return Response(DisputeSerializer(dispute_of(customer_of(request), said.public_id)).data)


class PaymentReportsView(APIView):
    """Payments that the customer did not make."""

    @extend_schema(
        operation_id="report_payment",
        tags=["Disputes"],
        summary="Report a movement as not your own",
        description="Calls the desk and, with `freeze`, stops paying, sending and topping up before it answers. A "
        "movement is reported once: a repeat answers the first report, and can still freeze. No key is needed, as no "
        "money moves.",
        request=ReportPaymentSerializer,
        responses={201: PaymentReportSerializer, 200: PaymentReportSerializer},
        examples=[examples.REPORT, examples.REPORTED],
    )
    def post(self, request: Request) -> Response:
        """201 for a new one, 200 for one that is known."""
        asked = values_of(ReportPaymentSerializer, request)
        done = report_payment(
            customer_of(request),
            journal_id=asked["movement"],
            text=asked["text"],
            freeze=asked["freeze"],
            actor=actor_of(request),
        )
        return Response(PaymentReportSerializer(done.report).data, status=200 if done.repeated else 201)
