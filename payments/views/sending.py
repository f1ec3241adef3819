"""Sending and asking: whom, how much, one look at everything, confirmed, done. Each step is a page of its own."""

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
from payments import send_limits, transfer_queries
from payments.actions.findability import change_findability
from payments.actions.money_requests import (
    ask_for_money,
    cancel_request,
    decline_request,
    pay_request,
    unblock_requester,
)
from payments.actions.payees import find_payee
from payments.actions.transfers import check_send, send_money
from payments.customers import customer_of
from payments.limit_words import name_of_sending, when
from payments.models import MoneyRequest, Payee, RequestBlock
from payments.person_names import initial_of, masked_name
from payments.queries import wallet_of
from payments.transfer_forms import FindabilityForm, FindPayeeForm, PageForm, SendForm
from wallet_site.errors import Problem, StepUpRequired
from wallet_site.money import format_money
from wallet_site.web import actor_of

CHIPS = (500, 1_000, 3_000, 5_000)


@require_http_methods(["GET", "POST"])
def send(request: HttpRequest) -> HttpResponse:
    """Whom to pay: a field for an address, those paid lately, and what others ask for."""
    user = customer_of(request)
    form = FindPayeeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            payee = find_payee(user, address=form.cleaned_data["address"], actor=actor_of(request))
        except Problem as problem:
            _show(form, problem)
        else:
            return redirect("payments:send_to", payee.public_id)
    return _send_page(request, user, form)


def _send_page(request: HttpRequest, user: User, form: FindPayeeForm) -> HttpResponse:
    requests = transfer_queries.open_requests(user.pk)
    payees = transfer_queries.recent_payees(user.pk)
    context = {
        "nav": "send",
        "form": form,
        "payees": [_shown(payee) for payee in payees],
        "to_pay": [_asked(one, one.requester) for one in requests.to_pay],
        "made": [_asked(one, one.payer) for one in requests.made],
        "findability": transfer_queries.findability_of(user.pk),
    }
    return render(request, "payments/send.html", context, status=422 if form.errors else 200)


def _shown(payee: Payee) -> dict[str, Any]:
    person = payee.person
    return {"payee": payee, "name": masked_name(person.full_name), "initial": initial_of(person.full_name)}


def _asked(request: MoneyRequest, other: User) -> dict[str, Any]:
    amount = format_money(request.amount, request.currency)
    return {
        "asked": request,
        "name": masked_name(other.full_name),
        "initial": initial_of(other.full_name),
        "meta": " · ".join(part for part in (amount, request.message) if part),
    }


def _show(form: PageForm, problem: Problem) -> None:
    """Refusals that the form can say stand in it; the others have pages of their own."""
    if isinstance(problem, StepUpRequired) or problem.status not in (403, 404, 409, 422, 429, 503):
        raise problem
    form.show(problem)


@require_http_methods(["GET", "POST"])
def send_to(request: HttpRequest, payee_id: UUID) -> HttpResponse:
    """How much; a POST shows everything once more, a POST with `confirmed` sends it."""
    user = customer_of(request)
    payee = transfer_queries.payee_of(user.pk, payee_id)
    form = SendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return _go_on(request, user, payee, form)
        except Problem as problem:
            _show(form, problem)
    return _amount_page(request, user, payee, form, "payments/send_to.html")


def _go_on(request: HttpRequest, user: User, payee: Payee, form: SendForm) -> HttpResponse:
    amount, message = form.cleaned_data["amount"], form.cleaned_data["message"]
    actor = actor_of(request)
    if "confirmed" not in request.POST:
        check_send(user, payee_id=payee.public_id, amount_minor=amount, message=message, actor=actor)
        context = {"nav": "send", "form": form, "amount": amount, "message": message, **_shown(payee)}
        return render(request, "payments/send_confirm.html", context)
    sent = send_money(
        user,
        payee_id=payee.public_id,
        amount_minor=amount,
        message=message,
        request_key=f"page:{form.cleaned_data['key']}",
        actor=actor,
    )
    return redirect("payments:sent", sent.transfer.public_id)


def _amount_page(
    request: HttpRequest, user: User, payee: Payee, form: SendForm, template: str
) -> HttpResponse:
    wallet = wallet_of(user.pk)
    facts, rules = transfer_queries.facts(user, wallet.pk, now=timezone.now()), transfer_queries.rules()
    limits = send_limits.limits(facts, rules)
    available = wallet.balance - wallet.held
    context = {
        "nav": "send",
        "form": form,
        "chips": [(format_money(amount), f"{amount:,}") for amount in CHIPS],
        "available": available,
        "most": max(0, min(available, *(limit.left for limit in limits))),
        "meters": [_meter(limit) for limit in limits if limit.rule is not send_limits.Rule.PER_SEND],
        **_shown(payee),
    }
    return render(request, template, context, status=422 if form.errors else 200)


def _meter(limit: send_limits.Limit) -> dict[str, object]:
    used = min(limit.used, limit.cap)
    full = limit.left == 0
    return {
        "id": f"limit-{limit.rule}",
        "label": name_of_sending(limit.rule),
        "value": used,
        "max": limit.cap,
        "text": f"{format_money(used)} / {format_money(limit.cap)}",
        "note": when(limit) if full else "",
        "kind": "danger" if full else "warning" if used * 5 >= limit.cap * 4 else "",
    }


@require_GET
def sent(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """It has worked."""
    user = customer_of(request)
    transfer = transfer_queries.transfer_of(user.pk, transfer_id)
    is_mine = transfer.sender_id == user.pk
    other = transfer.recipient if is_mine else transfer.sender
    context = {
        "nav": "send",
        "transfer": transfer,
        "is_mine": is_mine,
        "name": masked_name(other.full_name),
    }
    return render(request, "payments/sent.html", context)


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, payee_id: UUID) -> HttpResponse:
    """Ask one of one's payees for money."""
    user = customer_of(request)
    payee = transfer_queries.payee_of(user.pk, payee_id)
    form = SendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            ask_for_money(
                user,
                payee_id=payee.public_id,
                amount_minor=form.cleaned_data["amount"],
                message=form.cleaned_data["message"],
                request_key=f"page:{form.cleaned_data['key']}",
                actor=actor_of(request),
            )
        except Problem as problem:
            _show(form, problem)
        else:
            messages.success(request, _("Asked. The other person is told, and answers in their wallet."))
            return redirect("payments:send")
    return _amount_page(request, user, payee, form, "payments/ask.html")


@require_http_methods(["GET", "POST"])
def money_request(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """One request: who asks whom, for what, and how it stands. A POST pays it."""
    user = customer_of(request)
    found = transfer_queries.request_of(user.pk, request_id)
    problem = None
    if request.method == "POST":
        try:
            paid = pay_request(
                user,
                request_id=found.public_id,
                request_key=f"request:{found.public_id}",
                actor=actor_of(request),
            )
        except StepUpRequired:
            raise
        except Problem as refusal:
            if refusal.status not in (403, 404, 409, 422, 429, 503):
                raise
            problem = refusal
        else:
            return redirect("payments:sent", paid.transfer.public_id)
    is_mine = found.requester_id == user.pk
    context = {
        "nav": "send",
        "problem": problem,
        "is_mine": is_mine,
        "is_open": found.state == "open" and found.expires_at > timezone.now(),
        **_asked(found, found.payer if is_mine else found.requester),
    }
    return render(request, "payments/money_request.html", context, status=problem.status if problem else 200)


@require_POST
def money_request_close(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Decline a request (and block who asks), or take one's own back."""
    user, actor = customer_of(request), actor_of(request)
    if request.POST.get("do") == "cancel":
        cancel_request(user, request_id=request_id, actor=actor)
        messages.success(request, _("The request is taken back."))
    else:
        block = request.POST.get("do") == "block"
        decline_request(user, request_id=request_id, block=block, actor=actor)
        messages.success(
            request,
            _("Declined. Further requests of this person do not reach you.") if block else _("Declined."),
        )
    return redirect("payments:send")


@require_http_methods(["GET", "POST"])
def findability(request: HttpRequest) -> HttpResponse:
    """Whether others find one, and whose requests do not come through."""
    user = customer_of(request)
    known = transfer_queries.findability_of(user.pk)
    form = FindabilityForm(
        request.POST if request.method == "POST" else None,
        initial={"by_email": known.by_email, "by_phone": known.by_phone},
    )
    if request.method == "POST" and form.is_valid():
        change_findability(user, **form.cleaned_data, actor=actor_of(request))
        messages.success(request, _("Saved."))
        return redirect("payments:findability")
    blocks = RequestBlock.objects.filter(owner=user).select_related("blocked").order_by("-pk")[:50]
    context = {
        "nav": "send",
        "form": form,
        "blocks": [{"block": one, "name": masked_name(one.blocked.full_name)} for one in blocks],
        "phone": user.phone,
    }
    return render(request, "payments/findability.html", context)


@require_POST
def unblock(request: HttpRequest, block_id: int) -> HttpResponse:
    """Let somebody's requests through again."""
    unblock_requester(customer_of(request), block_id=block_id, actor=actor_of(request))
    messages.success(request, _("Their requests reach you again."))
    return redirect("payments:findability")
