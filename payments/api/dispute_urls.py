"""The app's addresses for disputes and reported payments."""

from __future__ import annotations

from django.urls import path

from payments.api import disputes

urlpatterns = [
    path("disputes", disputes.DisputesView.as_view(), name="disputes"),
    path("disputes/<uuid:dispute_id>", disputes.DisputeView.as_view(), name="dispute"),
    path("disputes/<uuid:dispute_id>/word", disputes.DisputeWordView.as_view(), name="dispute_word"),
    path("payment-reports", disputes.PaymentReportsView.as_view(), name="payment_reports"),
]
