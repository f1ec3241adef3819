"""Getting back in without a second factor: the ways, the question to the desk, the two proofs, the link, the stop.

All public: who is here cannot sign in. What somebody has proven so far is kept in the browser's session, which lies
in the database; none of these pages signs anybody in.
"""

from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.actions.recoveries import asking, by_code, by_link, stopping
from accounts.errors import LinkOver, RecoveryNotDue, RecoveryOver
from accounts.forms.recovery import AskForm, ChoosePasswordForm, PasswordForm, RecoveryCodeForm, StopForm
from accounts.forms.sign_up import MailCodeForm
from accounts.models import Recovery, RecoveryState, RecoveryStop, User
from accounts.recovery_links import link_digest, read_stop_link
from accounts.views.pages import form_page, posted
from accounts.views.recovery_enrolment import LINK_KEY, go_on_with, over
from wallet_site.crypto import digest, equal
from wallet_site.errors import InvalidInput, Problem
from wallet_site.web import actor_of

PROVEN_KEY = "recovery_password"
RECOVERY_KEY = "recovery_id"
# How long a proven password counts here; the sign-in page gives its second step no longer either.
PASSWORD_COUNTS_SECONDS = 600


@never_cache
@require_http_methods(["GET", "HEAD"])
def ways(request: HttpRequest) -> HttpResponse:
    """What somebody has left decides the way."""
    return render(request, "accounts/recovery/ways.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Nothing is left: one address, once. Whether it has an account is neither said nor to be measured."""

    def act(form: Form) -> HttpResponse:
        if len(request.POST.getlist("email")) != 1:
            raise InvalidInput
        asking.ask_recovery(form.cleaned_data["email"], actor=actor_of(request))
        return redirect("accounts:recovery_asked")

    return form_page(request, AskForm(posted(request)), "accounts/recovery/ask.html", act)


@never_cache
@require_http_methods(["GET", "HEAD"])
def asked(request: HttpRequest) -> HttpResponse:
    """The same words for everybody."""
    return render(request, "accounts/recovery/asked.html")


def begin_for(request: HttpRequest, user: User) -> HttpResponse:
    """The sign-in page hands over somebody who has proven the password and lost the rest."""
    request.session.cycle_key()
    request.session[PROVEN_KEY] = {"user": user.pk, "stamp": _stamp(user), "at": time.time()}
    return redirect("accounts:recovery_code")


def _proven_user(request: HttpRequest) -> User | None:
    """Who has proven the password in this browser, within ten minutes, and not changed it since."""
    kept: dict[str, Any] = request.session.get(PROVEN_KEY) or {}
    if not kept or not 0 <= time.time() - kept["at"] < PASSWORD_COUNTS_SECONDS:
        return None
    user = User.objects.filter(pk=kept["user"], kind=User.Kind.CUSTOMER, is_active=True).first()
    return user if user is not None and equal(kept["stamp"], _stamp(user)) else None


def _stamp(user: User) -> str:
    return digest(user.get_session_auth_hash(), "recovery-stamp").hex()


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_code(request: HttpRequest) -> HttpResponse:
    """The first proof. Who has not proven the password here begins with that."""
    user = _proven_user(request)
    if user is None:
        messages.info(request, _("First enter your address and password."))
        return redirect("accounts:recovery")

    def act(form: Form) -> HttpResponse:
        recovery = by_code.begin_by_code(user, form.cleaned_data["code"], actor=actor_of(request))
        request.session.cycle_key()
        del request.session[PROVEN_KEY]
        request.session[RECOVERY_KEY] = recovery.pk
        return redirect("accounts:recovery_mail")

    return form_page(request, RecoveryCodeForm(posted(request)), "accounts/recovery/code.html", act)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def mail_code(request: HttpRequest) -> HttpResponse:
    """The second proof: the code from the mail to the address on file."""
    recovery = _proving(request)
    if recovery is None:
        return _begin_again(request)

    def act(form: Form) -> HttpResponse:
        try:
            proven = by_code.prove_mail_code(recovery.pk, form.cleaned_data["code"], actor=actor_of(request))
        except (RecoveryOver, RecoveryNotDue):
            return _begin_again(request)
        request.session.cycle_key()
        del request.session[RECOVERY_KEY]
        if proven.key:
            return go_on_with(request, proven.key)
        return render(request, "accounts/recovery/waits.html", {"recovery": proven.recovery})

    context = {"address": recovery.address}
    return form_page(request, MailCodeForm(posted(request)), "accounts/recovery/mail.html", act, context)


@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Another code; the one before is dead."""
    recovery = _proving(request)
    if recovery is None:
        return _begin_again(request)
    try:
        by_code.resend_code(recovery.pk, actor=actor_of(request))
    except Problem as problem:
        messages.error(request, str(problem.detail))
    else:
        messages.success(request, _("We have sent a new code. The one before no longer works."))
    return redirect("accounts:recovery_mail")


def _proving(request: HttpRequest) -> Recovery | None:
    found = Recovery.objects.filter(pk=request.session.get(RECOVERY_KEY) or 0, state=RecoveryState.PROVING)
    return found.first()


def _begin_again(request: HttpRequest) -> HttpResponse:
    for key in (RECOVERY_KEY, PROVEN_KEY, LINK_KEY):
        request.session.pop(key, None)
    messages.warning(request, str(RecoveryOver.detail))
    return redirect("accounts:recovery")


@never_cache
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD"])
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """Take the secret out of the address bar at once. Nothing is used up: mail scanners follow links too."""
    limits.RECOVERY_LINK_NETWORK.take(limits.network_key(actor_of(request).network))
    stored = link_digest(token)
    if by_link.live_recovery(stored) is None:
        return over(request)
    request.session.cycle_key()
    request.session[LINK_KEY] = stored.hex()
    return redirect("accounts:recovery_password")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """The password beside the link; a new one where the old one is lost and the second wait is over."""
    stored = _stored_link(request)
    recovery = by_link.live_recovery(stored) if stored else None
    if recovery is None:
        return over(request)

    def act(form: Form) -> HttpResponse:
        values, actor = form.cleaned_data, actor_of(request)
        try:
            if recovery.password_lost:
                key = by_link.choose_password(stored, values["new_password"], actor=actor)
            else:
                key = by_link.prove_password(stored, values["password"], actor=actor)
        except (RecoveryOver, RecoveryNotDue):
            return over(request)
        request.session.cycle_key()
        return go_on_with(request, key)

    form: Form = PasswordForm(posted(request))
    if recovery.password_lost:
        form = ChoosePasswordForm(posted(request), initial={"username": recovery.address})
    return form_page(request, form, "accounts/recovery/password.html", act, {"recovery": recovery})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """The password is lost too: explain the second wait, and begin it on the button."""
    stored = _stored_link(request)
    recovery = by_link.live_recovery(stored) if stored else None
    if recovery is None or recovery.password_lost:
        return over(request)
    if request.method == "POST":
        try:
            waiting = by_link.report_lost_password(stored, actor=actor_of(request))
        except (RecoveryOver, RecoveryNotDue):
            return over(request)
        request.session.pop(LINK_KEY, None)
        return render(request, "accounts/recovery/waits.html", {"recovery": waiting})
    return render(request, "accounts/recovery/forgot.html", {"recovery": recovery})


def _stored_link(request: HttpRequest) -> bytes:
    return bytes.fromhex(str(request.session.get(LINK_KEY, "")))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Explain what is going on; on the button stop it and freeze the account. Nobody is signed in by it.

    The box must be ticked first: mail scanners press buttons, but they answer no questions. A link that is cut,
    foreign or of a recovery that has ended gets a calm page, and tells nothing about any account.
    """
    link = read_stop_link(token)
    if link is None:
        limits.UNDO_NETWORK.take(limits.network_key(actor_of(request).network))
        return render(request, "accounts/recovery/stop_over.html", status=410)
    form = StopForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            done = stopping.stop_recovery(token, actor=actor_of(request))
        except (LinkOver, RecoveryOver, RecoveryNotDue):
            return render(request, "accounts/recovery/stop_over.html", status=410)
        return render(request, "accounts/recovery/stopped.html", {"is_first": done.is_first})
    context = {
        "form": form,
        "recovery": link.recovery,
        "is_used": RecoveryStop.objects.filter(recovery=link.recovery).exists(),
    }
    return render(request, "accounts/recovery/stop.html", context)
