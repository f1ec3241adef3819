"""Topping up by itself: on with a second factor, off with one press."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from payments import card_queries
from payments.actions.auto_top_ups import switch_off, switch_on
from payments.customers import customer_of
from payments.models import AutoTopUp
from payments.transfer_forms import AutoTopUpForm
from wallet_site.errors import Problem, StepUpRequired
from wallet_site.web import actor_of


@require_http_methods(["GET", "POST"])
def auto_top_up(request: HttpRequest) -> HttpResponse:
    """How it stands and how to change it; a POST with `off` ends it at once."""
    user, actor = customer_of(request), actor_of(request)
    known = AutoTopUp.objects.select_related("card").filter(user=user).first()
    cards = card_queries.usable_cards(user)
    if request.method == "POST" and "off" in request.POST:
        switch_off(user, actor=actor)
        messages.success(request, _("Automatic top-up is off."))
        return redirect("payments:auto_top_up")
    initial = {"threshold": "1,000", "amount": "3,000"}
    if known is not None:
        initial = {
            "threshold": f"{known.threshold:,}",
            "amount": f"{known.amount:,}",
            "card": str(known.card.public_id),
        }
    form = AutoTopUpForm(request.POST if request.method == "POST" else None, cards=cards, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            switch_on(
                user,
                card_id=UUID(form.cleaned_data["card"]),
                threshold_minor=form.cleaned_data["threshold"],
                amount_minor=form.cleaned_data["amount"],
                actor=actor,
            )
        except StepUpRequired:
            raise
        except Problem as problem:
            if problem.status not in (403, 404, 409, 422):
                raise
            form.show(problem)
        else:
            messages.success(request, _("Automatic top-up is on."))
            return redirect("payments:auto_top_up")
    context = {"nav": "cards", "form": form, "setting": known, "cards": cards}
    return render(request, "payments/auto_top_up.html", context, status=422 if form.errors else 200)
