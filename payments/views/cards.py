"""Cards: the list, linking, removing."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import step_up
from payments import card_limits, card_queries
from payments.actions.card_endings import remove_card
from payments.actions.linkings import MOST_CARDS, finish_linking, start_linking
from payments.customers import customer_of
from payments.models import Card
from payments.reason_words import linking_failed_because
from wallet_site.web import actor_of


@require_GET
def cards(request: HttpRequest) -> HttpResponse:
    """The linked cards."""
    linked = list(card_queries.live_cards(customer_of(request)))
    context = {
        "nav": "cards",
        "cards": [_shown(card) for card in linked],
        "may_link": len(linked) < MOST_CARDS,
        "most_cards": MOST_CARDS,
    }
    return render(request, "payments/cards.html", context)


def _shown(card: Card) -> dict[str, object]:
    """A card with the badge that its age or date gives it."""
    now = timezone.now()
    if card_queries.is_expired(card, now):
        badge, kind = _("Expired"), "danger"
    elif card_limits.step_at(now - card.linked_at, card_queries.rules().card_steps) is not None:
        badge, kind = _("New: lower limits"), "warning"
    else:
        badge, kind = _("Ready"), "success"
    return {"card": card, "badge": badge, "badge_kind": kind, "usable": kind != "danger"}


@require_http_methods(["GET", "POST"])
def card_link(request: HttpRequest) -> HttpResponse:
    """What linking means; its button goes on to the processor's own page."""
    actor = actor_of(request)
    step_up.require(actor)
    if request.method == "POST":
        _linking, url = start_linking(customer_of(request), actor=actor)
        return HttpResponseRedirect(url)
    context = {"nav": "cards", "waits_until": card_queries.cool_off_until(customer_of(request))}
    return render(request, "payments/card_link.html", context)


@require_GET
def card_link_return(request: HttpRequest, linking_id: UUID) -> HttpResponse:
    """Where the processor's page sends the browser back to. Asks the processor; believes nothing in the address."""
    linking = card_queries.linking_of(customer_of(request), linking_id)
    linking = finish_linking(linking, actor=actor_of(request))
    context = {
        "nav": "cards",
        "linking": linking,
        "card": linking.card,
        "why": linking_failed_because(linking.failure_reason) if linking.failure_reason else "",
    }
    return render(request, "payments/card_link_return.html", context)


@require_http_methods(["GET", "POST"])
def card_remove(request: HttpRequest, card_id: UUID) -> HttpResponse:
    """Ask once more, then remove."""
    actor = actor_of(request)
    card = card_queries.card_of(customer_of(request), card_id)
    step_up.require(actor)
    if request.method == "POST":
        remove_card(card, actor=actor)
        messages.success(request, _("The card was removed."))
        return redirect("payments:cards")
    return render(request, "payments/card_remove.html", {"nav": "cards", "card": card})
