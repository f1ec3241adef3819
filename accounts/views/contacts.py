"""E-mail address, second address and phone number: change, confirm by the code that was sent there, cancel, remove.

One set of pages for the three; what differs is in `_WAYS`. Each asks for a fresh second factor before it shows its
form, but cancelling asks for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import queries, step_up
from accounts.actions.contact_changes import cancel_change, resend_code
from accounts.actions.emails import ask_email_change, confirm_email_change
from accounts.actions.notice_addresses import (
    ask_notice_address,
    confirm_notice_address,
    remove_notice_address,
)
from accounts.actions.phones import ask_phone, confirm_phone, remove_phone
from accounts.errors import NoPendingChange
from accounts.forms.contacts import ChangeEmailForm, ContactCodeForm, NoticeAddressForm, PhoneForm
from accounts.mail_codes import LIFETIME
from accounts.models import ContactKind
from accounts.views.pages import form_page, go_on_under_new_id, posted, signed_in_user
from wallet_site.errors import NotFound
from wallet_site.outbox import channels
from wallet_site.web import actor_of


@dataclass(frozen=True, slots=True)
class _Way:
    """What one kind of contact does at each step, and what is said afterwards."""

    form: type[Form]
    field: str
    ask: Callable[..., Any]
    confirm: Callable[..., None]
    confirmed: str | Promise
    remove: Callable[..., None] | None = None
    removed: str | Promise = ""


_WAYS: Final = {
    ContactKind.EMAIL: _Way(
        ChangeEmailForm,
        "new_email",
        ask_email_change,
        confirm_email_change,
        gettext_lazy("Your e-mail address is changed. Everything else is signed out."),
    ),
    ContactKind.NOTICE_EMAIL: _Way(
        NoticeAddressForm,
        "email",
        ask_notice_address,
        confirm_notice_address,
        gettext_lazy("The second address is told of everything from now on. Everything else is signed out."),
        remove_notice_address,
        gettext_lazy("The second address is removed. Everything else is signed out."),
    ),
    ContactKind.PHONE: _Way(
        PhoneForm,
        "phone",
        ask_phone,
        confirm_phone,
        gettext_lazy("Your phone number is confirmed. Everything else is signed out."),
        remove_phone,
        gettext_lazy("Your phone number is removed. Everything else is signed out."),
    ),
}
REMOVABLE: Final = frozenset(kind for kind, way in _WAYS.items() if way.remove)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, kind: ContactKind) -> HttpResponse:
    """Ask for another address or number; the code goes there."""
    actor = actor_of(request)
    step_up.require(actor)
    user = signed_in_user(request)
    way = _WAYS[kind]

    def act(form: Form) -> HttpResponse:
        way.ask(user, form.cleaned_data[way.field], actor=actor)
        return redirect(f"accounts:confirm_{kind}")

    context = {
        "contacts": (contacts := queries.contacts_of(user)),
        "pending": contacts.waiting(kind),
        "can_send_sms": channels.exists("sms"),
    }
    return form_page(request, way.form(posted(request)), f"accounts/contacts/{kind}.html", act, context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, kind: ContactKind) -> HttpResponse:
    """The code from the new address or number makes it count."""
    actor = actor_of(request)
    step_up.require(actor)
    user = signed_in_user(request)
    way = _WAYS[kind]
    pending = queries.contacts_of(user).waiting(kind)
    if pending is None:
        messages.info(request, str(NoPendingChange.detail))
        return redirect("accounts:security")

    def act(form: Form) -> HttpResponse:
        way.confirm(user, form.cleaned_data["code"], actor=actor)
        go_on_under_new_id(request, user)
        messages.success(request, str(way.confirmed))
        return redirect("accounts:security")

    context = {"pending": pending, "code_ends_at": min(pending.code_sent_at + LIFETIME, pending.expires_at)}
    form = ContactCodeForm(kind, posted(request))
    return form_page(request, form, "accounts/contacts/confirm.html", act, context)


@require_POST
def again(request: HttpRequest, kind: ContactKind) -> HttpResponse:
    """Send a new code to what waits; the one before dies. Where it waits was asked with a fresh factor."""
    try:
        resend_code(signed_in_user(request), kind, actor=actor_of(request))
    except NoPendingChange as problem:
        messages.info(request, str(problem.detail))
        return redirect("accounts:security")
    messages.success(request, _("A new code is on its way. The one before is no longer valid."))
    return redirect(f"accounts:confirm_{kind}")


@require_POST
def cancel(request: HttpRequest, kind: ContactKind) -> HttpResponse:
    """Forget what waits. Tightening asks for nothing."""
    if cancel_change(signed_in_user(request), kind, actor=actor_of(request)):
        messages.success(request, _("The change is cancelled. Everything stays as it was."))
    return redirect("accounts:security")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, kind: ContactKind) -> HttpResponse:
    """Ask, then take the second address or the phone number away."""
    actor = actor_of(request)
    step_up.require(actor)
    user = signed_in_user(request)
    contacts, way = queries.contacts_of(user), _WAYS[kind]
    present = contacts.phone if kind == ContactKind.PHONE else contacts.notice_email
    if not present or way.remove is None:
        raise NotFound
    if request.method == "POST":
        way.remove(user, actor=actor)
        go_on_under_new_id(request, user)
        messages.success(request, str(way.removed))
        return redirect("accounts:security")
    return render(request, "accounts/contacts/remove.html", {"kind": kind, "present": present})
