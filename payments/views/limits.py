"""Limits of one's own: lower at once, higher tomorrow."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from payments import own_limits as rules
from payments.actions.own_limits import set_own_limit
from payments.customers import customer_of
from payments.models import OwnLimit
from payments.transfer_forms import OwnLimitForm
from wallet_site.errors import NotFound, Problem, StepUpRequired
from wallet_site.web import actor_of


@require_GET
def own_limits(request: HttpRequest) -> HttpResponse:
    """Every limit that can be set, with what holds now and what is to come."""
    context = {"nav": "security", "standings": rules.standings(customer_of(request).pk)}
    return render(request, "payments/own_limits.html", context)


@require_http_methods(["GET", "POST"])
def own_limit(request: HttpRequest, kind: str) -> HttpResponse:
    """One of them. A POST with `keep` calls off a raise that waits."""
    user = customer_of(request)
    if kind not in OwnLimit.Kind.values:
        raise NotFound
    which = OwnLimit.Kind(kind)
    standing = rules.standing(user.pk, which)
    shown = "" if standing.own is None else f"{standing.own:,}"
    form = OwnLimitForm(request.POST if request.method == "POST" else None, initial={"amount": shown})
    if request.method == "POST" and ("keep" in request.POST or form.is_valid()):
        amount = standing.own if "keep" in request.POST else form.cleaned_data["amount"]
        try:
            after = set_own_limit(user, kind=which, amount_minor=amount, actor=actor_of(request))
        except StepUpRequired:
            raise
        except Problem as problem:
            if problem.status not in (403, 422):
                raise
            form.show(problem)
        else:
            waits = after.next_at is not None
            messages.success(
                request,
                _("The higher limit counts in 24 hours. We have told all your addresses.")
                if waits
                else _("Saved. It counts from now on."),
            )
            return redirect("payments:own_limits")
    context = {"nav": "security", "form": form, "standing": standing}
    return render(request, "payments/own_limit.html", context, status=422 if form.errors else 200)
