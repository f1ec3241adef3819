"""The wallet's home, its activity, and one entry of it."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from accounts.security_check import security_facts
from payments import activity as words
from payments import limits, queries, transfer_queries
from payments.actions.payment_reports import is_reportable
from payments.customers import customer_of
from payments.days import TOKYO
from payments.errors import PaymentNotFound
from payments.models import Account
from payments.person_names import masked_name
from wallet_site.charts import bar_chart
from wallet_site.money import format_money

RECENT = 6


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Balance, latest entries, spending, and how well the account is protected."""
    customer = customer_of(request)
    wallet, closes_at = queries.wallet_to_be_closed(customer.pk)
    page = queries.entries_page(wallet.pk, size=RECENT)
    facts = queries.spending_facts(customer, wallet.pk)
    requests = transfer_queries.open_requests(customer.pk)
    context = {
        "nav": "home",
        "greeting": _greeting(customer.display_name),
        "wallet": wallet,
        "available": wallet.balance - wallet.held,
        "actions": _actions(),
        "days": words.by_day(page.entries),
        "spent_today": facts.spent_today,
        "spend_cap": limits.caps(facts).per_day,
        "checks": _checks(customer.pk),
        "asked": [(one, masked_name(one.requester.full_name)) for one in requests.to_pay[:3]],
        **_news_of(wallet),
        "closes_at": closes_at,
        **_spending(wallet),
    }
    return render(request, "payments/home.html", context)


def _news_of(wallet: Account) -> dict[str, Any]:
    """What the page says it has seen, and since when it has been open."""
    asked = urlencode({"seen": str(wallet.seq), "since": str(int(time.time()))})
    return {"news_url": f"{reverse('payments:activity_news')}?{asked}"}


# A page that nobody looks at must not keep its session alive: after this it stops asking.
_NEWS_FOR_SECONDS = 600


@require_GET
def activity_news(request: HttpRequest) -> HttpResponse:
    """Asked every few seconds by an open page: 204 while nothing has moved, else the word to fetch itself anew."""
    since = _number(request.GET.get("since")) or 0
    if not 0 <= time.time() - since <= _NEWS_FOR_SECONDS:
        return HttpResponse(status=286)  # htmx stops polling
    wallet = queries.wallet_of(customer_of(request).pk)
    if str(wallet.seq) == request.GET.get("seen"):
        return HttpResponse(status=204)
    return HttpResponse(status=204, headers={"HX-Trigger": "wallet-moved"})


def _greeting(name: str) -> str:
    hour = timezone.now().astimezone(TOKYO).hour
    if 5 <= hour < 11:
        return _("Good morning, %(name)s") % {"name": name}
    if 11 <= hour < 18:
        return _("Good afternoon, %(name)s") % {"name": name}
    return _("Good evening, %(name)s") % {"name": name}


def _actions() -> list[dict[str, Any]]:
    return [
        {"url": reverse("payments:pay"), "icon": "qr", "label": _("Pay"), "main": True},
        {"url": reverse("payments:top_up"), "icon": "plus", "label": _("Top up")},
        {"url": reverse("payments:send"), "icon": "send", "label": pgettext("money", "Send")},
        {"url": reverse("payments:cards"), "icon": "card", "label": _("Cards")},
    ]


def _spending(wallet: Account) -> dict[str, Any]:
    months = queries.spending_by_month(wallet.pk)
    amounts = [(date_format(start, "M"), total) for start, total in months]
    told = [f"{date_format(start, 'F')} {format_money(total, wallet.currency)}" for start, total in months]
    return {
        "chart": bar_chart(amounts) if any(total for _start, total in months) else None,
        "chart_text": _("One bar for each of the last six months: %(amounts)s.")
        % {"amounts": ", ".join(told)},
        "spent_this_month": months[-1][1],
    }


def _signed_in(devices: int, idle: int) -> str:
    if idle:
        return _("%(devices)s signed in, %(idle)s of them idle.") % {"devices": devices, "idle": idle}
    return _("%(devices)s signed in.") % {"devices": devices}


def _checks(customer_id: int) -> dict[str, Any]:
    facts = security_facts(customer_id)
    rows = [
        {
            "done": facts.passkeys > 0,
            "title": _("Passkey"),
            "text": _("Signs you in with a touch, and only here."),
            "href": reverse("accounts:passkey_add"),
            "action": _("Add one"),
        },
        {
            "done": not facts.codes_are_few,
            "title": _("Recovery codes"),
            "text": _("%(count)s left. Keep them off this device.") % {"count": facts.recovery_codes_left},
            "href": reverse("accounts:recovery_codes"),
            "action": _("New codes"),
        },
        {
            "done": facts.factors > 1,
            "title": _("A second device"),
            "text": _("Keeps your wallet open to you when one is lost."),
            "href": reverse("accounts:totp_add"),
            "action": _("Add"),
        },
        {
            "done": facts.stale_devices == 0,
            "title": _("Signed-in devices"),
            "text": _signed_in(facts.devices, facts.stale_devices),
            "href": reverse("accounts:sessions"),
            "action": _("Review"),
        },
    ]
    return {"rows": rows, "done": sum(1 for row in rows if row["done"]), "all": len(rows)}


@require_GET
def activity(request: HttpRequest) -> HttpResponse:
    """Everything that moved the balance, newest first. htmx gets the next rows alone."""
    wallet = queries.wallet_of(customer_of(request).pk)
    page = queries.entries_page(wallet.pk, before=_number(request.GET.get("before")))
    days = words.by_day(page.entries, shown_day=_day(request.GET.get("day")))
    context = {"nav": "activity", "wallet": wallet, "days": days, "next_url": "", **_news_of(wallet)}
    if page.next_before is not None:
        cursor = urlencode({"before": str(page.next_before), "day": days[-1].day.isoformat()})
        context["next_url"] = f"{reverse('payments:activity')}?{cursor}"
    template = (
        "payments/activity_rows.html" if request.headers.get("HX-Request") else "payments/activity.html"
    )
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _number(text: str | None) -> int | None:
    """A cursor from the address; nonsense is the first page."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


@require_GET
def activity_entry(request: HttpRequest, journal_id: int) -> HttpResponse:
    """One entry: where, when, how much, the balance after it."""
    entry = queries.entry_of(customer_of(request).pk, journal_id)
    if entry is None:
        raise PaymentNotFound
    context = {"nav": "activity", "line": words.line_of(entry), "currency": entry.account.currency}
    context["reportable"] = is_reportable(entry)
    return render(request, "payments/activity_entry.html", context)
