"""The app's addresses for sending, asking, limits and automatic top-ups."""

from __future__ import annotations

from django.urls import path

from payments.api import own_rules, transfers

urlpatterns = [
    path("findability", transfers.FindabilityView.as_view(), name="findability"),
    path("payees", transfers.PayeesView.as_view(), name="payees"),
    path("transfers", transfers.TransfersView.as_view(), name="transfers"),
    path("transfers/<uuid:transfer_id>", transfers.TransferView.as_view(), name="transfer"),
    path("money-requests", transfers.MoneyRequestsView.as_view(), name="money_requests"),
    path("money-requests/<uuid:request_id>", transfers.MoneyRequestView.as_view(), name="money_request"),
    path(
        "money-requests/<uuid:request_id>/pay", transfers.PayRequestView.as_view(), name="pay_money_request"
    ),
    path(
        "money-requests/<uuid:request_id>/decline",
        transfers.DeclineRequestView.as_view(),
        name="decline_money_request",
    ),
    path("limits", own_rules.OwnLimitsView.as_view(), name="own_limits"),
    path("limits/<slug:kind>", own_rules.OwnLimitView.as_view(), name="own_limit"),
    path("auto-top-up", own_rules.AutoTopUpView.as_view(), name="auto_top_up"),
    path(
        "payments/<uuid:payment_id>/confirmation",
        own_rules.ConfirmPaymentView.as_view(),
        name="confirm_payment",
    ),
]
