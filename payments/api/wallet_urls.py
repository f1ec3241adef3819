"""The app's addresses for balance, activity and codes."""

from __future__ import annotations

from django.urls import path

from payments.api import wallet

urlpatterns = [
    path("wallet", wallet.WalletView.as_view(), name="wallet"),
    path("activity", wallet.ActivityView.as_view(), name="activity"),
    path("one-time-codes", wallet.CodesView.as_view(), name="one_time_codes"),
    path("one-time-codes/<int:code_id>", wallet.CodeView.as_view(), name="one_time_code"),
]
