"""A forgotten password: ask, follow the link from the mail, prove the second factor, choose a new one."""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.actions.resets import ask_passkey, ask_reset, finish_reset, live_reset, token_digest
from accounts.errors import LinkOver
from accounts.forms.security import NewPasswordForm, ResetAddressForm
from accounts.two_factor.methods import factors_of
from accounts.views.pages import form_page, posted, require_one
from accounts.views.passkey_requests import answer_options, browser_bearer, wants_options
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
    """The new password and the second factor, together: a code or a passkey. Signs nobody in."""
    stored = bytes.fromhex(request.session.get(SESSION_KEY, ""))
    reset = live_reset(stored) if stored else None
    if reset is None or reset.user_id is None:
        return _over(request)
    bearer = browser_bearer(request)
    if wants_options(request):
        return answer_options(lambda: ask_passkey(stored, bearer=bearer))
    recovery = "recovery" in request.GET
    form = NewPasswordForm(posted(request), recovery=recovery)

    def act(_form: Form) -> HttpResponse:
        try:
            finish_reset(
                stored,
                answer=form.answer,
                new_password=form.cleaned_data["new_password"],
                actor=actor_of(request),
                bearer=bearer,
            )
        except LinkOver:
            return _over(request)
        request.session.flush()
        messages.success(
            request, _("Your new password is set and everything is signed out. Sign in with it.")
        )
        return redirect("accounts:sign_in")

    context = {"recovery": recovery, "factors": factors_of(reset.user_id)}
    return form_page(request, form, "accounts/reset/new_password.html", act, context)


def _over(request: HttpRequest) -> HttpResponse:
    request.session.pop(SESSION_KEY, None)
    return render(request, "accounts/reset/over.html", status=410)
