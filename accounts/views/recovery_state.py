"""What a signed-in customer sees of a recovery of their account that is under way, and how they end it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actions.recoveries.steps import open_recovery
from accounts.actions.recoveries.stopping import stop_signed_in, take_back
from accounts.views.pages import signed_in_user
from wallet_site.web import actor_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_state(request: HttpRequest) -> HttpResponse:
    """Who can still sign in may take it back (a fresh second factor), or say at once that it was not them."""
    user = signed_in_user(request)
    if request.method == "POST" and "not_me" in request.POST:
        stop_signed_in(user, actor=actor_of(request))
        return render(request, "accounts/recovery/stopped.html", {"is_first": True})
    if request.method == "POST":
        take_back(user, actor=actor_of(request))
        messages.success(request, _("The recovery is taken back. Everything stays as it is."))
        return redirect("accounts:security")
    recovery = open_recovery(user.pk)
    if recovery is None:
        messages.info(request, _("No recovery of your account is under way."))
        return redirect("accounts:security")
    return render(request, "accounts/recovery/state.html", {"nav": "security", "recovery": recovery})
