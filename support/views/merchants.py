"""Merchants, their settlements and payments: read-only for finance and auditors, but for sending a webhook again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from payments import settlement_queries
from payments.models import Merchant, Settlement, WebhookEndpoint
from payments.settlement_report import report
from support.actions import webhooks
from support.queries import merchants as queries
from support.views.access import desk_page, page
from support.views.books import number_in
from wallet_site.web import actor_of


@require_safe
@desk_page("see_books")
def merchant_list(request: HttpRequest) -> HttpResponse:
    """Who takes payments, and what each is owed."""
    found = list(queries.merchants(after=number_in(request.GET.get("after", "")))[: queries.PAGE_SIZE + 1])
    shown = found[: queries.PAGE_SIZE]
    return page(
        request,
        "support/desk/merchants.html",
        title=_("Merchants"),
        merchants=shown,
        next_url=f"?after={shown[-1].pk}" if len(found) > len(shown) else "",
    )


@require_safe
@desk_page("see_books")
def merchant(request: HttpRequest, public_id: object) -> HttpResponse:
    """One merchant."""
    found = get_object_or_404(Merchant, public_id=public_id)
    return page(
        request,
        "support/desk/merchant.html",
        title=found.name,
        merchant=found,
        payable=settlement_queries.payable_balance(found.pk),
        fee_percent=f"{found.fee_basis_points / 100:.2f} %",
        shown=queries.merchant_page(found),
    )


@require_safe
@desk_page("see_books")
def merchant_payments(request: HttpRequest, public_id: object) -> HttpResponse:
    """What its stores took and were refused, newest first."""
    found = get_object_or_404(Merchant, public_id=public_id)
    taken = queries.payments_page(found, before=number_in(request.GET.get("before", "")))
    shown = taken[: queries.PAGE_SIZE]
    return page(
        request,
        "support/desk/merchant_payments.html",
        title=_("Payments"),
        merchant=found,
        payments=shown,
        next_url=f"?before={shown[-1].pk}" if len(taken) > len(shown) else "",
    )


@require_safe
@desk_page("see_books")
def settlement(request: HttpRequest, public_id: object) -> HttpResponse:
    """One settled day."""
    found = get_object_or_404(Settlement.objects.select_related("merchant"), public_id=public_id)
    return page(
        request,
        "support/desk/settlement.html",
        title=_("Settlement for %(day)s") % {"day": found.day},
        settlement=found,
        merchant=found.merchant,
        fee_percent=f"{found.fee_basis_points / 100:.2f} %",
        shares=settlement_queries.store_shares(found),
    )


@require_safe
@desk_page("see_books")
def settlement_report(request: HttpRequest, public_id: object) -> HttpResponse:
    """The day line by line, as the merchant gets it."""
    return report(get_object_or_404(Settlement, public_id=public_id))


@require_POST
@desk_page("replay_webhook")
def replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send one webhook again."""
    sent = webhooks.replay(delivery_id, actor=actor_of(request))
    messages.success(request, _("It is sent again, under the same id."))
    endpoint = WebhookEndpoint.objects.select_related("merchant").get(public_id=sent.address)
    return redirect("admin:merchant", endpoint.merchant.public_id)
