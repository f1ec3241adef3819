"""What a store's terminal speaks to."""

from __future__ import annotations

from django.urls import path

from payments.api.terminal_views import (
    CancelView,
    CaptureView,
    PaymentsView,
    PaymentView,
    RefundsView,
)

urlpatterns = [
    path("terminal/payments", PaymentsView.as_view(), name="terminal_payments"),
    path("terminal/payments/<uuid:payment_id>", PaymentView.as_view(), name="terminal_payment"),
    path("terminal/payments/<uuid:payment_id>/capture", CaptureView.as_view(), name="terminal_capture"),
    path("terminal/payments/<uuid:payment_id>/cancel", CancelView.as_view(), name="terminal_cancel"),
    path("terminal/payments/<uuid:payment_id>/refunds", RefundsView.as_view(), name="terminal_refunds"),
]
