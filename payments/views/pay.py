"""Paying in a store: the code, and its payment arriving without a reload."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from payments import limits, one_time_codes, queries
from payments.actions.confirmations import confirm_payment
from payments.actions.one_time_codes import make_code
from payments.code_pictures import bars_svg, qr_svg
from payments.customers import customer_of
from payments.errors import PaymentNotFound
from payments.limit_words import spending_refused_because
from payments.models import DeclineReason, Payment, PaymentStatus
from payments.reason_words import payment_declined_because
from wallet_site.errors import Problem
from wallet_site.money import format_money
from wallet_site.web import actor_of


@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest) -> HttpResponse:
    """GET: the page, which asks for a code by itself. POST: a new code; the one before stops working."""
    context = _new_code(request) if request.method == "POST" else {}
    if request.headers.get("HX-Request"):
        return render(request, "payments/pay_code.html", context)
    return render(request, "payments/pay.html", context | {"nav": "pay"} | _funds(customer_of(request)))


def _funds(customer: User) -> dict[str, int]:
    """What there is, and how much of it one payment may take now."""
    wallet = queries.wallet_of(customer.pk)
    available = wallet.balance - wallet.held
    most = limits.most(queries.spending_facts(customer, wallet.pk))
    return {"available": available, "may_pay": min(available, most)}


def _new_code(request: HttpRequest) -> dict[str, Any]:
    try:
        shown = make_code(customer_of(request), actor=actor_of(request))
    except Problem as problem:
        return {"problem": problem}
    return {
        "code": shown.code,
        "digits": one_time_codes.grouped(shown.digits),
        "qr": qr_svg(shown.digits),
        "bars": bars_svg(shown.digits),
        "seen": 0,
    }


@require_GET
def pay_state(request: HttpRequest, code_id: int) -> HttpResponse:
    """What has become of a code; asked every other second. 204 while there is nothing new."""
    customer = customer_of(request)
    code = queries.code_of(customer.pk, code_id)
    if code is None:
        raise PaymentNotFound
    payment = queries.payment_by_code(code.pk)
    if payment is not None and payment.status != PaymentStatus.DECLINED:
        response = render(request, "payments/pay_done.html", {"payment": payment} | _funds(customer))
        response["HX-Retarget"] = "#code"
        return response
    if code.revoked_at is not None or code.expires_at <= timezone.now():
        response = render(request, "payments/pay_over.html", {})
        response["HX-Retarget"] = "#code"
        return response
    if payment is None or str(payment.pk) == request.GET.get("seen"):
        return HttpResponse(status=204)
    if payment.decline_reason == DeclineReason.CONFIRM_FIRST:
        response = render(request, "payments/pay_asked.html", {"payment": payment})
        response["HX-Retarget"] = "#code"
        return response
    return render(request, "payments/pay_watch.html", _declined(customer, code_id, payment))


def _declined(customer: User, code_id: int, payment: Payment) -> dict[str, Any]:
    return {
        "code": {"pk": code_id},
        "seen": payment.pk,
        "declined": payment,
        "why": _why(customer, payment),
    }


def _why(customer: User, payment: Payment) -> str:
    """The customer reads which limit it was, the cashier does not."""
    if payment.decline_reason == DeclineReason.OVER_LIMIT:
        facts = queries.spending_facts(customer, queries.wallet_of(customer.pk).pk)
        limit = limits.refusal(payment.amount, facts)
        if limit is not None:
            return spending_refused_because(limit)
    return payment_declined_because(payment.decline_reason)


@require_POST
def pay_confirm(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """The customer confirms a declined payment's amount and store; then back to a new code, which pays it."""
    confirmed = confirm_payment(customer_of(request), payment_id=payment_id, actor=actor_of(request))
    words = _("Confirmed: %(amount)s at %(store)s. Show this code and let the cashier try again.")
    messages.success(
        request,
        words
        % {"amount": format_money(confirmed.amount, confirmed.currency), "store": confirmed.store.full_name},
    )
    return redirect("payments:pay")
