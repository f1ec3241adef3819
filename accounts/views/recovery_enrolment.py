"""The last two pages of a recovery, for the browser that holds the key: the new app, then the new codes."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.actions.recoveries import enrolment
from accounts.errors import RecoveryNotDue, RecoveryOver
from accounts.forms.sign_up import AppForm, SavedForm
from accounts.models import Recovery
from accounts.views.pages import form_page, posted
from accounts.views.sign_up import enrolment_context
from wallet_site.crypto import decrypt, encrypt
from wallet_site.web import actor_of

LINK_KEY = "recovery_link"
# Encrypted: the sessions' table is no place for secrets in clear.
KEY_KEY = "recovery_key"
Step = Callable[[HttpRequest, Recovery, str], HttpResponse]


def go_on_with(request: HttpRequest, key: str) -> HttpResponse:
    """This browser sets the new factor up from here on."""
    request.session[KEY_KEY] = encrypt(key)
    return redirect("accounts:recovery_app")


def _step(view: Step) -> Callable[[HttpRequest], HttpResponse]:
    """Only for the browser that holds the key, while its time lasts."""

    @never_cache
    @sensitive_post_parameters()
    @require_http_methods(["GET", "HEAD", "POST"])
    def guarded(request: HttpRequest) -> HttpResponse:
        key = _key(request)
        recovery = enrolment.enrolling(key)
        if recovery is None:
            return over(request)
        return view(request, recovery, key)

    return guarded


def _key(request: HttpRequest) -> str:
    try:
        return decrypt(str(request.session.get(KEY_KEY, "")))
    except InvalidToken:
        return ""


def over(request: HttpRequest) -> HttpResponse:
    """The calm page of whatever no longer works, the same for all reasons."""
    request.session.pop(KEY_KEY, None)
    return render(request, "accounts/recovery/over.html", status=410)


@_step
def app(request: HttpRequest, recovery: Recovery, key: str) -> HttpResponse:
    """Bind a new authenticator app, by picture or typed key."""

    def act(form: Form) -> HttpResponse:
        try:
            enrolment.prove_app(key, form.cleaned_data["code"], actor=actor_of(request))
        except (RecoveryOver, RecoveryNotDue):
            return over(request)
        return redirect("accounts:recovery_codes_saved")

    context = enrolment_context(recovery.totp_seed or "", recovery.address) | _way_of(recovery)
    return form_page(request, AppForm(posted(request)), "accounts/recovery/app.html", act, context)


@_step
def saved(request: HttpRequest, recovery: Recovery, key: str) -> HttpResponse:
    """The new recovery codes, until they are said to be saved; then everything counts at once."""
    if recovery.totp_step is None:
        return redirect("accounts:recovery_app")

    def act(form: Form) -> HttpResponse:
        try:
            enrolment.finish(key, actor=actor_of(request))
        except (RecoveryOver, RecoveryNotDue):
            return over(request)
        request.session.flush()
        messages.success(request, _("Your new second factor is in force. Sign in with it."))
        return redirect("accounts:sign_in")

    codes = recovery.recovery_codes or ""
    context = {"codes": codes.split("\n"), "codes_text": codes, **_way_of(recovery)}
    return form_page(request, SavedForm(posted(request)), "accounts/recovery/codes.html", act, context)


def _way_of(recovery: Recovery) -> dict[str, object]:
    """Which row of steps the page is one of: with or without a link."""
    return {"recovery_by_code": recovery.link_digest is None}
