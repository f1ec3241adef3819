"""Changing the e-mail address: asked for, proven by a code to the new one, then changed. Until then the old stays."""

from __future__ import annotations

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts import events, limits, step_up
from accounts.actions.contact_changes import cancel_change, take_limits, take_proven, write_change
from accounts.addresses import read_email
from accounts.errors import AddressTaken
from accounts.mail_codes import WrongMailCode
from accounts.models import ContactChange, ContactKind, NoticeAddress, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded


def ask_email_change(user: User, new_email: str, *, actor: Actor) -> ContactChange:
    """Send a code to the new address and tell the present ones that a change was asked for.

    A fresh second factor is asked. An address that has an account gets the same answer, and its owner a mail of
    another kind. A repeat replaces the pending change. Raises `StepUpRequired`, `InvalidInput`, `TooManyTries`.
    """
    step_up.require(actor)
    address = read_email(new_email, pointer="/new_email")
    if address == user.email:
        raise InvalidInput(
            errors=[FieldError("/new_email", _("This is your address already."), "same-address")]
        )
    take_limits(user, ContactKind.EMAIL, address, actor=actor)
    known = User.objects.filter(email=address).exists()
    with recorded(actor):
        change = write_change(user, ContactKind.EMAIL, address, may_be_proven=not known, actor=actor)
        owe(
            events.EMAIL_CHANGE_ASKED,
            key=f"email-change-asked:{change.pk}",
            payload={
                "new_address": address,
                "until": change.expires_at.isoformat(),
                "origin": events.origin(actor),
            },
            user_id=user.pk,
            priority="security",
        )
    return change


def confirm_email_change(user: User, code: str, *, actor: Actor) -> None:
    """Make the pending address the person's own. Asks for a fresh second factor, as the asking did.

    By triggers: old and new address are told, the old one stays a target for 30 days, other sessions and apps are
    signed out. Raises `WrongMailCode` (counted), `NoPendingChange`, `AddressTaken`, `StepUpRequired`.
    """
    step_up.require(actor)
    limits.MAIL_CODE_NETWORK.take(limits.network_key(actor.network))
    try:
        with recorded(actor):
            right = _write_email(user, code, actor)
    except IntegrityError as error:
        raise AddressTaken(_("This address cannot be used. Choose another one.")) from error
    if not right:
        raise WrongMailCode


def _write_email(user: User, code: str, actor: Actor) -> bool:
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    change = take_proven(person, ContactKind.EMAIL, code)
    if change is None:
        return False
    person.email = user.email = change.new_value
    person.save(update_fields=["email"])
    # The second address that became the first is not told of everything twice.
    NoticeAddress.objects.filter(user=person, email=change.new_value).delete()
    record("accounts:email_change:confirmed", actor=actor, subject=person, user_id=person.pk)
    return True


def cancel_email_change(user: User, *, actor: Actor) -> bool:
    """Forget the pending address; the code dies. Tightening asks for nothing. False when nothing was pending."""
    return cancel_change(user, ContactKind.EMAIL, actor=actor)
