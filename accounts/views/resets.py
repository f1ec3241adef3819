"""A forgotten password: ask, follow the link from the mail, prove the second factor, choose a new one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.actions.resets import ask_reset, finish_reset, live_reset, token_digest
from accounts.errors import LinkOver
from accounts.forms.security import NewPasswordForm, ResetAddressForm
from accounts.views.pages import form_page, posted, require_one
from wallet_site.web import actor_of

SESSION_KEY = "password_reset"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """One address, once. Whether it has an account is neither said nor to be measured."""

    def act(form: Form) -> HttpResponse:
        require_one(request, "email")
        ask_reset(form.cleaned_data["email"], actor=actor_of(request))
        return redirect("accounts:reset_sent")

    return form_page(request, ResetAddressForm(posted(request)), "accounts/reset/ask.html", act)


@never_cache
@require_http_methods(["GET", "HEAD"])
def sent(request: HttpRequest) -> HttpResponse:
    """The same words for everybody."""
    return render(request, "accounts/reset/sent.html")


@never_cache
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD"])
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """Take the secret out of the address bar at once. Nothing is used up: mail scanners follow links too.

    Who is signed in here stays so: a link must not be able to sign anybody out.
    """
    request.session[SESSION_KEY] = token_digest(token).hex()
    return redirect("accounts:reset_password")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest) -> HttpResponse:
    """The new password and the second factor, together. Signs nobody in."""
    stored = bytes.fromhex(request.session.get(SESSION_KEY, ""))
    if not stored or live_reset(stored) is None:
        return _over(request)
    recovery = "recovery" in request.GET

    def act(form: Form) -> HttpResponse:
        values: dict[str, Any] = form.cleaned_data
        try:
            finish_reset(
                stored, code=values["code"], new_password=values["new_password"], actor=actor_of(request)
            )
        except LinkOver:
            return _over(request)
        request.session.flush()
        messages.success(
            request, _("Your new password is set and everything is signed out. Sign in with it.")
        )
        return redirect("accounts:sign_in")

    form = NewPasswordForm(posted(request), recovery=recovery)
    return form_page(request, form, "accounts/reset/new_password.html", act, {"recovery": recovery})


def _over(request: HttpRequest) -> HttpResponse:
    request.session.pop(SESSION_KEY, None)
    return render(request, "accounts/reset/over.html", status=410)
