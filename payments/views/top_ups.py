"""Topping up: the form, one look before it is charged, and the result that keeps itself current."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from payments import card_queries
from payments.actions.top_up_checks import check_top_up
from payments.actions.top_up_sweep import ask_about, cancel_top_up
from payments.actions.top_ups import start_top_up
from payments.card_forms import TopUpForm
from payments.card_limits import Limit, Rule
from payments.customers import customer_of
from payments.limit_words import name_of, when
from payments.models import Card, Dispute, TopUp, TopUpState
from payments.reason_words import charge_failed_because
from wallet_site.errors import Problem, StepUpRequired
from wallet_site.money import format_money
from wallet_site.web import actor_of

CHIPS = (1_000, 3_000, 5_000, 10_000)


@require_http_methods(["GET", "POST"])
def top_up(request: HttpRequest) -> HttpResponse:
    """The form; a POST shows what will be charged, and a POST with `confirmed` charges it."""
    user = customer_of(request)
    cards = card_queries.usable_cards(user)
    if request.method != "POST" or not cards:
        form = TopUpForm(cards=cards, initial=_asked_for(request))
        return _form_page(request, user, cards, form)
    form = TopUpForm(request.POST, cards=cards)
    if form.is_valid():
        try:
            return _go_on(request, user, form)
        except StepUpRequired:
            return _after_step_up(form)
        except Problem as problem:
            if problem.status not in (403, 404, 409, 422, 429):
                raise
            form.show(problem)
    return _form_page(request, user, cards, form, status=422)


def _asked_for(request: HttpRequest) -> dict[str, str]:
    """What a link to the form has filled in."""
    return {name: request.GET[name][:40] for name in ("card", "amount") if name in request.GET}


def _after_step_up(form: TopUpForm) -> HttpResponse:
    """To the second factor, and back to a form that still holds what was entered."""
    entered = urlencode({"card": form.cleaned_data["card"], "amount": f"{form.cleaned_data['amount']:,}"})
    return redirect_to_login(f"{reverse('payments:top_up')}?{entered}", reverse("accounts:step_up"))


def _go_on(request: HttpRequest, user: User, form: TopUpForm) -> HttpResponse:
    card_id, amount = UUID(form.cleaned_data["card"]), form.cleaned_data["amount"]
    if "confirmed" not in request.POST:
        card = check_top_up(user, card_id=card_id, amount_minor=amount, actor=actor_of(request))
        context = {"nav": "cards", "form": form, "card": card, "amount": amount}
        return render(request, "payments/top_up_confirm.html", context)
    started = start_top_up(
        user,
        card_id=card_id,
        amount_minor=amount,
        request_key=str(form.cleaned_data["key"]),
        actor=actor_of(request),
    )
    return _to_bank(started.top_up) or redirect("payments:top_up_detail", started.top_up.public_id)


def _to_bank(top_up: TopUp) -> HttpResponse | None:
    """On to the page of the card's issuer, where it asks."""
    if top_up.state == TopUpState.NEEDS_ACTION and top_up.action_url:
        return HttpResponseRedirect(top_up.action_url)
    return None


def _form_page(
    request: HttpRequest, user: User, cards: list[Card], form: TopUpForm, *, status: int = 200
) -> HttpResponse:
    chosen = str(form["card"].value() or "")
    card = next((card for card in cards if str(card.public_id) == chosen), cards[0] if cards else None)
    limits = card_queries.limits_shown(user, card) if card else []
    context = {
        "nav": "cards",
        "form": form,
        "cards": cards,
        "card": card,
        "chips": [(format_money(amount), f"{amount:,}") for amount in CHIPS],
        "most": min((limit.left for limit in limits), default=0),
        "meters": [_meter(limit) for limit in limits if limit.rule != Rule.PER_CHARGE],
    }
    return render(request, "payments/top_up.html", context, status=status)


def _meter(limit: Limit) -> dict[str, object]:
    """A limit as its meter shows it."""
    used = min(limit.used, limit.cap)
    full = limit.left == 0
    return {
        "id": f"limit-{limit.rule}",
        "label": name_of(limit.rule),
        "value": used,
        "max": limit.cap,
        "text": f"{format_money(used)} / {format_money(limit.cap)}",
        "note": when(limit) if full else "",
        "kind": "danger" if full else "warning" if used * 5 >= limit.cap * 4 else "",
    }


@require_GET
def top_up_detail(request: HttpRequest, top_up_id: UUID) -> HttpResponse:
    """How a top-up stands. While it is open, the part that changes asks for itself every two seconds."""
    found = card_queries.top_up_of(customer_of(request), top_up_id)
    if "redirect_status" in request.GET:
        # Just back from the bank's page: ask now rather than wait for the webhook.
        found = ask_about(found, actor=actor_of(request))
    context = {
        "nav": "cards",
        "top_up": found,
        "dispute_url": _dispute_url(found),
        "why": charge_failed_because(found.failure_reason) if found.failure_reason else "",
    }
    is_part = bool(request.headers.get("HX-Request"))
    template = "payments/top_up_state.html" if is_part else "payments/top_up_detail.html"
    return render(request, template, context)


def _dispute_url(top_up: TopUp) -> str:
    if top_up.state != TopUpState.DISPUTED:
        return ""
    found = Dispute.objects.filter(top_up=top_up).values_list("public_id", flat=True).first()
    return reverse("payments:dispute", args=[found]) if found else ""


@require_POST
def top_up_cancel(request: HttpRequest, top_up_id: UUID) -> HttpResponse:
    """Give up a top-up that waits for the bank's page."""
    found = card_queries.top_up_of(customer_of(request), top_up_id)
    cancel_top_up(found, actor=actor_of(request))
    return redirect("payments:top_up_detail", found.public_id)
