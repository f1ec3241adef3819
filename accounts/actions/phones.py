"""A phone number that is told of security matters by SMS. It proves nothing and opens nothing (requirement 8)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import limits, step_up
from accounts.actions.contact_changes import take_limits, take_proven, write_change
from accounts.errors import NoMessages
from accounts.mail_codes import WrongMailCode
from accounts.models import ContactChange, ContactKind, User
from accounts.phone_numbers import read_phone
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput, NotFound
from wallet_site.outbox import channels
from wallet_site.transactions import recorded


def ask_phone(user: User, phone: str, *, actor: Actor) -> ContactChange:
    """Send a code by SMS to the number that is to be told. What was there stays until it is confirmed.

    A repeat replaces what waits. Raises `StepUpRequired`, `InvalidInput`, `TooManyTries`, and `NoMessages` where the
    operator has no SMS gateway.
    """
    step_up.require(actor)
    number = read_phone(phone)
    if number == user.phone:
        raise InvalidInput(errors=[FieldError("/phone", _("This is your number already."), "same-number")])
    if not channels.exists("sms"):
        raise NoMessages
    take_limits(user, ContactKind.PHONE, number, actor=actor)
    with recorded(actor):
        return write_change(user, ContactKind.PHONE, number, actor=actor)


def confirm_phone(user: User, code: str, *, actor: Actor) -> None:
    """Make the pending number the person's own. By triggers old and new number and every address are told.

    Raises `WrongMailCode` (counted), `NoPendingChange`, `StepUpRequired`.
    """
    step_up.require(actor)
    limits.MAIL_CODE_NETWORK.take(limits.network_key(actor.network))
    with recorded(actor):
        right = _write_phone(user, code, actor)
    if not right:
        raise WrongMailCode


def _write_phone(user: User, code: str, actor: Actor) -> bool:
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    change = take_proven(person, ContactKind.PHONE, code)
    if change is None:
        return False
    person.phone = user.phone = change.new_value
    person.save(update_fields=["phone"])
    record("accounts:phone:confirmed", actor=actor, subject=person, user_id=person.pk)
    return True


def remove_phone(user: User, *, actor: Actor) -> None:
    """Take the number away; it is told of that, and of nothing afterwards.

    Raises `StepUpRequired`, and `NotFound` when there is none.
    """
    step_up.require(actor)
    with recorded(actor):
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not person.phone:
            raise NotFound
        person.phone = user.phone = None
        person.save(update_fields=["phone"])
        record("accounts:phone:removed", actor=actor, subject=person, user_id=person.pk)
