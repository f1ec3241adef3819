"""Money under `/api/v1/`, by who speaks: the customer's app, the store's terminal, the merchant's programs."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("payments.api.wallet_urls")),
    path("", include("payments.api.card_urls")),
    path("", include("payments.api.closure_urls")),
    path("", include("payments.api.dispute_urls")),
    path("", include("payments.api.transfer_urls")),
    path("", include("payments.api.terminal_urls")),
    path("", include("payments.api.merchant_urls")),
]
