"""What a merchant's programs speak to."""

from __future__ import annotations

from django.urls import path

from payments.api import merchant_views as views

urlpatterns = [
    path("merchant/payable", views.PayableView.as_view(), name="merchant_payable"),
    path("merchant/settlements", views.SettlementsView.as_view(), name="merchant_settlements"),
    path(
        "merchant/settlements/<uuid:settlement_id>",
        views.SettlementView.as_view(),
        name="merchant_settlement",
    ),
    path(
        "merchant/settlements/<uuid:settlement_id>/report",
        views.SettlementReportView.as_view(),
        name="merchant_settlement_report",
    ),
    path("merchant/payments", views.MerchantPaymentsView.as_view(), name="merchant_payments"),
    path("merchant/webhooks", views.EndpointsView.as_view(), name="merchant_webhooks"),
    path("merchant/webhooks/<uuid:endpoint_id>", views.EndpointView.as_view(), name="merchant_webhook"),
    path(
        "merchant/webhooks/<uuid:endpoint_id>/secret",
        views.EndpointSecretView.as_view(),
        name="merchant_webhook_secret",
    ),
]
