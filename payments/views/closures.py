"""Closing the wallet: what would happen, the wish, and calling it off."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from payments.actions.closures import ask_to_close, call_off
from payments.closure_forms import ClosureForm
from payments.closure_queries import WAIT, outlook, waiting_closure
from payments.customers import customer_of
from wallet_site.web import actor_of


@require_http_methods(["GET", "HEAD", "POST"])
def closing(request: HttpRequest) -> HttpResponse:
    """Where every yen would go and what would end; a POST with the ticked box begins the wait."""
    user = customer_of(request)
    form = ClosureForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        ask_to_close(user, actor=actor_of(request))
        messages.success(request, _("We have told every address of yours."))
        return redirect("payments:closing")
    context = {
        "nav": "security",
        "form": form,
        "closure": waiting_closure(user),
        "outlook": outlook(user),
        "is_stopped": bool(getattr(request, "restrictions", [])),
        "days": WAIT.days,
    }
    return render(request, "payments/closing.html", context, status=422 if form.errors else 200)


@require_POST
def closing_call_off(request: HttpRequest) -> HttpResponse:
    """Keep the wallet."""
    call_off(customer_of(request), actor=actor_of(request))
    messages.success(request, _("Your wallet stays open."))
    return redirect("payments:closing")
