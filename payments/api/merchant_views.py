"""`/merchant`: what a merchant is owed and was paid, its payments, and where it wants to be told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import settlement_queries
from payments.actions import webhook_endpoints
from payments.api import merchant_examples as examples
from payments.api.merchant_authentication import (
    IsMerchant,
    MerchantAuthentication,
    merchant_actor,
    merchant_of,
)
from payments.api.merchant_serializers import (
    AddEndpointSerializer,
    EndpointSerializer,
    MerchantPaymentSerializer,
    NewEndpointSerializer,
    PayableSerializer,
    SettlementSerializer,
)
from payments.models import Payment, Settlement
from payments.settlement_report import report
from wallet_site.api.etags import TaggedListView, tagged
from wallet_site.api.serializers import values_of


class MerchantView(APIView):
    """Base: only merchants' keys."""

    authentication_classes = (MerchantAuthentication,)
    permission_classes = (IsMerchant,)


class PayableView(MerchantView):
    """What is owed now."""

    @extend_schema(
        operation_id="merchant_get_payable",
        tags=["Merchants"],
        summary="What is owed for sales that are not settled yet",
        responses={200: PayableSerializer},
        examples=[examples.PAYABLE],
    )
    def get(self, request: Request) -> Response:
        merchant = merchant_of(request)
        body = {
            "currency": settings.CURRENCY,
            "payable": settlement_queries.payable_balance(merchant.pk),
            "fee_basis_points": merchant.fee_basis_points,
        }
        return tagged(request, PayableSerializer(body).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="merchant_list_settlements", tags=["Merchants"], summary="Settlements, newest first"
    )
)
class SettlementsView(MerchantView, TaggedListView):
    """Every day that was settled."""

    serializer_class = SettlementSerializer
    queryset = Settlement.objects.none()

    def get_queryset(self) -> QuerySet[Settlement]:
        """The merchant's own."""
        return Settlement.objects.filter(merchant=merchant_of(self.request))


class SettlementView(MerchantView):
    """One day."""

    @extend_schema(
        operation_id="merchant_get_settlement",
        tags=["Merchants"],
        summary="One settlement",
        responses={200: SettlementSerializer},
        examples=[examples.SETTLEMENT],
    )
    def get(self, request: Request, settlement_id: UUID) -> Response:
        found = settlement_queries.settlement_of(merchant_of(request).pk, settlement_id)
        return tagged(request, SettlementSerializer(found).data)


class SettlementReportView(MerchantView):
    """One day, line by line."""

    @extend_schema(
        operation_id="merchant_get_settlement_report",
        tags=["Merchants"],
        summary="A settlement line by line, as CSV (UTF-8 with a BOM)",
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, settlement_id: UUID) -> HttpResponse:
        return report(settlement_queries.settlement_of(merchant_of(request).pk, settlement_id))


@extend_schema_view(
    get=extend_schema(
        operation_id="merchant_list_payments",
        tags=["Merchants"],
        summary="Payments in all stores, newest first",
    )
)
class MerchantPaymentsView(MerchantView, TaggedListView):
    """Every request of the merchant's terminals, declined ones too."""

    serializer_class = MerchantPaymentSerializer
    queryset = Payment.objects.none()

    def get_queryset(self) -> QuerySet[Payment]:
        """Of the merchant's own stores."""
        taken = Payment.objects.select_related("store", "terminal")
        return taken.filter(store__merchant=merchant_of(self.request))


class EndpointsView(MerchantView):
    """Where the merchant is told."""

    @extend_schema(
        operation_id="merchant_list_webhooks",
        tags=["Merchants"],
        summary="Webhook endpoints that are live",
        responses={200: EndpointSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        found = webhook_endpoints.live_endpoints(merchant_of(request).pk)
        return tagged(request, EndpointSerializer(found, many=True).data)

    @extend_schema(
        operation_id="merchant_add_webhook",
        tags=["Merchants"],
        summary="Tell another address from now on",
        description="By Standard Webhooks: headers `webhook-id` (the same at every try), `webhook-timestamp`, "
        "`webhook-signature`; a body with `type`, `timestamp` and `data`. Types: payment.authorized, payment.captured, "
        "payment.cancelled, payment.refunded, settlement.made. Anything but 2xx is tried again for about half a day, "
        "longer apart each time; 410, or three days without a success, turns the endpoint off.",
        request=AddEndpointSerializer,
        responses={201: NewEndpointSerializer},
        examples=[examples.ADD_ENDPOINT, examples.ENDPOINT],
    )
    def post(self, request: Request) -> Response:
        asked = values_of(AddEndpointSerializer, request)
        made = webhook_endpoints.add_endpoint(
            merchant_of(request), url=asked["url"], actor=merchant_actor(request)
        )
        return Response(NewEndpointSerializer(made).data, status=201)


class EndpointView(MerchantView):
    """One endpoint."""

    @extend_schema(
        operation_id="merchant_remove_webhook",
        tags=["Merchants"],
        summary="Tell an address no more",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        found = webhook_endpoints.endpoint_of(merchant_of(request).pk, endpoint_id)
        webhook_endpoints.remove_endpoint(found, actor=merchant_actor(request))
        return Response(status=204)


class EndpointSecretView(MerchantView):
    """Its secret."""

    @extend_schema(
        operation_id="merchant_rotate_webhook_secret",
        tags=["Merchants"],
        summary="Make a new secret; the one before signs too for a day",
        request=None,
        responses={201: NewEndpointSerializer},
        examples=[examples.ENDPOINT],
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        found = webhook_endpoints.endpoint_of(merchant_of(request).pk, endpoint_id)
        made = webhook_endpoints.rotate_secret(found, actor=merchant_actor(request))
        body: dict[str, Any] = dict(NewEndpointSerializer(made).data)
        return Response(body, status=201)
