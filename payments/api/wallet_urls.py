"""The app's addresses for balance, activity, papers and codes."""

from __future__ import annotations

from django.urls import path

from payments.api import statements, wallet

urlpatterns = [
    path("wallet", wallet.WalletView.as_view(), name="wallet"),
    path("activity", wallet.ActivityView.as_view(), name="activity"),
    path("activity/<int:line_id>/receipt", statements.ReceiptView.as_view(), name="receipt"),
    path("statements", statements.StatementsView.as_view(), name="statements"),
    path(
        "statements/<int:year>-<int:month>/pdf",
        statements.StatementPdfView.as_view(),
        name="statement_pdf",
    ),
    path(
        "statements/<int:year>-<int:month>/csv",
        statements.StatementCsvView.as_view(),
        name="statement_csv",
    ),
    path("one-time-codes", wallet.CodesView.as_view(), name="one_time_codes"),
    path("one-time-codes/<int:code_id>", wallet.CodeView.as_view(), name="one_time_code"),
]
