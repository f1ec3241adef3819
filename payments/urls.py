"""The customer's pages about money, and where processors send their webhooks."""

from __future__ import annotations

from django.urls import path

from payments.views import (
    cards,
    closures,
    data_exports,
    disputes,
    pay,
    processor_events,
    statements,
    top_ups,
    wallet,
)

app_name = "payments"

urlpatterns = [
    path("", wallet.home, name="home"),
    path("activity/", wallet.activity, name="activity"),
    path("activity/<int:journal_id>/", wallet.activity_entry, name="activity_entry"),
    path("activity/<int:journal_id>/receipt/", statements.receipt, name="receipt"),
    path("statements/", statements.statements, name="statements"),
    path("statements/<int:year>-<int:month>/", statements.statement, name="statement"),
    path("statements/<int:year>-<int:month>/pdf/", statements.statement_pdf, name="statement_pdf"),
    path("statements/<int:year>-<int:month>/csv/", statements.statement_csv, name="statement_csv"),
    path("activity/<int:journal_id>/report/", disputes.report, name="report"),
    path("disputes/", disputes.disputes, name="disputes"),
    path("disputes/<uuid:dispute_id>/", disputes.dispute, name="dispute"),
    path("pay/", pay.pay, name="pay"),
    path("pay/<int:code_id>/state/", pay.pay_state, name="pay_state"),
    path("cards/", cards.cards, name="cards"),
    path("cards/link/", cards.card_link, name="card_link"),
    path("cards/link/<uuid:linking_id>/", cards.card_link_return, name="card_link_return"),
    path("cards/<uuid:card_id>/remove/", cards.card_remove, name="card_remove"),
    path("top-up/", top_ups.top_up, name="top_up"),
    path("top-up/<uuid:top_up_id>/", top_ups.top_up_detail, name="top_up_detail"),
    path("top-up/<uuid:top_up_id>/cancel/", top_ups.top_up_cancel, name="top_up_cancel"),
    path("closing/", closures.closing, name="closing"),
    path("closing/call-off/", closures.closing_call_off, name="closing_call_off"),
    path("data/", data_exports.data_export, name="data_export"),
    path("data/download/", data_exports.data_export_download, name="data_export_download"),
    path("processors/<slug:processor>/events/", processor_events.processor_events, name="processor_events"),
]
