"""The customer's pages about money, and where processors send their webhooks."""

from __future__ import annotations

from django.urls import path

from payments.views import (
    auto_top_up,
    cards,
    closures,
    data_exports,
    disputes,
    limits,
    pay,
    processor_events,
    sending,
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
    path("activity/news/", wallet.activity_news, name="activity_news"),
    path("pay/", pay.pay, name="pay"),
    path("pay/<uuid:payment_id>/confirm/", pay.pay_confirm, name="pay_confirm"),
    path("pay/<int:code_id>/state/", pay.pay_state, name="pay_state"),
    path("cards/", cards.cards, name="cards"),
    path("cards/link/", cards.card_link, name="card_link"),
    path("cards/link/<uuid:linking_id>/", cards.card_link_return, name="card_link_return"),
    path("cards/<uuid:card_id>/remove/", cards.card_remove, name="card_remove"),
    path("top-up/", top_ups.top_up, name="top_up"),
    path("top-up/automatic/", auto_top_up.auto_top_up, name="auto_top_up"),
    path("top-up/<uuid:top_up_id>/", top_ups.top_up_detail, name="top_up_detail"),
    path("top-up/<uuid:top_up_id>/cancel/", top_ups.top_up_cancel, name="top_up_cancel"),
    path("closing/", closures.closing, name="closing"),
    path("closing/call-off/", closures.closing_call_off, name="closing_call_off"),
    path("data/", data_exports.data_export, name="data_export"),
    path("data/download/", data_exports.data_export_download, name="data_export_download"),
    path("send/", sending.send, name="send"),
    path("send/to/<uuid:payee_id>/", sending.send_to, name="send_to"),
    path("send/from/<uuid:payee_id>/", sending.ask, name="ask"),
    path("send/done/<uuid:transfer_id>/", sending.sent, name="sent"),
    path("send/requests/<uuid:request_id>/", sending.money_request, name="money_request"),
    path("send/requests/<uuid:request_id>/close/", sending.money_request_close, name="money_request_close"),
    path("send/found/", sending.findability, name="findability"),
    path("send/blocks/<int:block_id>/remove/", sending.unblock, name="unblock"),
    path("limits/", limits.own_limits, name="own_limits"),
    path("limits/<slug:kind>/", limits.own_limit, name="own_limit"),
    path("processors/<slug:processor>/events/", processor_events.processor_events, name="processor_events"),
]
