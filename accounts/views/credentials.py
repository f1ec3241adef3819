"""Changing password and factors. Each page asks for a fresh second factor before it shows its form."""

from __future__ import annotations

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import step_up
from accounts.actions.factors import add_totp, renew_recovery_codes
from accounts.actions.passwords import change_password as change_password_action
from accounts.forms.security import AddAppForm, ChangePasswordForm
from accounts.models import RecoveryCodeSet
from accounts.two_factor.codes import new_seed
from accounts.views.pages import (
    CUSTOMERS,
    Place,
    form_page,
    go_on_under_new_id,
    posted,
    signed_in_user,
    use_device,
)
from accounts.views.sign_up import enrolment_context
from wallet_site.crypto import decrypt, encrypt
from wallet_site.web import actor_of

# Encrypted: the sessions' table is no place for secrets in clear.
NEW_SEED = "new_totp_seed"
NEW_CODES = "new_recovery_codes"


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """The current password, a fresh second factor, and a new password."""
    actor = actor_of(request)
    step_up.require(actor)
    user = signed_in_user(request)

    def act(form: Form) -> HttpResponse:
        values = form.cleaned_data
        change_password_action(
            user, current=values["current_password"], new=values["new_password"], actor=actor
        )
        go_on_under_new_id(request, user)
        messages.success(request, _("Your password is changed. Everything else is signed out."))
        return redirect("accounts:security")

    return form_page(request, ChangePasswordForm(posted(request)), "accounts/change_password.html", act)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def totp_add(request: HttpRequest, *, place: Place = CUSTOMERS) -> HttpResponse:
    """Bind a further authenticator app. Its seed waits, encrypted, in this session until its first code is right."""
    actor = actor_of(request)
    step_up.require(actor)
    user = signed_in_user(request)
    seed = _unsealed(request, NEW_SEED)
    if not seed:
        seed = new_seed()
        request.session[NEW_SEED] = encrypt(seed)

    def act(form: Form) -> HttpResponse:
        values = form.cleaned_data
        add_totp(user, seed=seed, code=values["code"], name=values["name"], actor=actor)
        del request.session[NEW_SEED]
        go_on_under_new_id(request, user)
        messages.success(request, _("The authenticator app is added. Everything else is signed out."))
        return redirect(place.home)

    context = {**place.frame(request), **enrolment_context(seed, user.email)}
    return form_page(request, AddAppForm(posted(request)), f"{place.templates}/totp_add.html", act, context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_codes(request: HttpRequest, *, place: Place = CUSTOMERS) -> HttpResponse:
    """Make new recovery codes; they are shown until they are said to be saved, then never again."""
    actor = actor_of(request)
    step_up.require(actor)
    user = signed_in_user(request)
    if request.method == "POST" and "saved" in request.POST:
        request.session.pop(NEW_CODES, None)
        messages.success(request, _("Your new recovery codes are in force."))
        return redirect(place.home)
    if request.method == "POST":
        codes = renew_recovery_codes(user, actor=actor)
        if isinstance(getattr(user, "otp_device", None), RecoveryCodeSet):
            use_device(request, RecoveryCodeSet.objects.get(user=user))
        request.session[NEW_CODES] = encrypt("\n".join(codes))
        go_on_under_new_id(request, user)
        return redirect(request.path)
    text = _unsealed(request, NEW_CODES)
    context = {**place.frame(request), "codes": text.split("\n") if text else [], "codes_text": text}
    return render(request, f"{place.templates}/recovery_codes.html", context)


def _unsealed(request: HttpRequest, key: str) -> str:
    """A secret that this session keeps; "" for none, or one that no key opens any more."""
    try:
        return decrypt(str(request.session.get(key, "")))
    except InvalidToken:
        return ""
