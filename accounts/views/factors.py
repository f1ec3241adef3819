"""One's own factors, on the security pages and at the desk. What adds or removes one asks for a fresh proof first."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import step_up
from accounts.actions.factors import remove_factor, rename_factor
from accounts.actions.passkeys import add_passkey, begin_passkey
from accounts.forms.passkeys import AddPasskeyForm, RenameForm
from accounts.models import Passkey, TotpDevice, User
from accounts.two_factor.methods import find_factor, list_factors, some_device_of
from accounts.views.pages import (
    CUSTOMERS,
    Place,
    form_page,
    go_on_under_new_id,
    posted,
    signed_in_user,
    use_device,
)
from accounts.views.passkey_requests import answer_options, browser_bearer, wants_options
from wallet_site.errors import NotFound
from wallet_site.web import actor_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def passkey_add(request: HttpRequest, *, place: Place = CUSTOMERS) -> HttpResponse:
    """Make a further passkey on this device."""
    actor = actor_of(request)
    step_up.require(actor)
    user = signed_in_user(request)
    bearer = browser_bearer(request)
    if wants_options(request):
        return answer_options(lambda: begin_passkey(user, bearer=bearer, actor=actor))

    def act(form: Form) -> HttpResponse:
        values = form.cleaned_data
        passkey = add_passkey(
            user,
            ceremony=values["ceremony"],
            credential=values["credential"],
            name=values["name"],
            bearer=bearer,
            actor=actor,
        )
        go_on_under_new_id(request, user)
        messages.success(
            request,
            _("The passkey “%(name)s” is added. Everything else is signed out.") % {"name": passkey.name},
        )
        return redirect(place.home)

    form = AddPasskeyForm(posted(request))
    return form_page(request, form, f"{place.templates}/passkey_add.html", act, place.frame(request))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def factor_remove(request: HttpRequest, public_id: UUID, *, place: Place = CUSTOMERS) -> HttpResponse:
    """Ask, then take a passkey or an app away; the last factor stays."""
    actor = actor_of(request)
    step_up.require(actor)
    user = signed_in_user(request)
    device = _factor_of(user, public_id)
    is_passkey = isinstance(device, Passkey)
    if request.method == "POST":
        remove_factor(device, actor=actor)
        # What is gone may be what had verified this session.
        use_device(request, some_device_of(user.pk))
        go_on_under_new_id(request, user)
        messages.success(
            request,
            _("The passkey is removed. Everything else is signed out.")
            if is_passkey
            else _("The authenticator app is removed. Everything else is signed out."),
        )
        return redirect(place.home)
    is_last = len(list_factors(user)) <= 1
    context = {**place.frame(request), "device": device, "is_passkey": is_passkey, "is_last": is_last}
    return render(request, f"{place.templates}/factor_remove.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def factor_rename(request: HttpRequest, public_id: UUID, *, place: Place = CUSTOMERS) -> HttpResponse:
    """Another name for a passkey or an app."""
    device = _factor_of(signed_in_user(request), public_id)

    def act(form: Form) -> HttpResponse:
        rename_factor(device, name=form.cleaned_data["name"], actor=actor_of(request))
        messages.success(request, _("The name is changed."))
        return redirect(place.home)

    form = RenameForm(posted(request), initial={"name": device.name})
    context = {**place.frame(request), "device": device}
    return form_page(request, form, f"{place.templates}/factor_rename.html", act, context)


def _factor_of(user: User, public_id: UUID) -> Passkey | TotpDevice:
    device = find_factor(user, public_id)
    if device is None:
        raise NotFound
    return device
