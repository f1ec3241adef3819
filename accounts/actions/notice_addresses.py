"""A second address that is told of everything: added by a code that goes there, removed after a fresh factor.

It opens nothing: nobody signs in with it and no reset goes there. Adding, changing and removing are told everywhere,
the removed one included, by trigger.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import limits, step_up
from accounts.actions.contact_changes import take_limits, take_proven, write_change
from accounts.addresses import read_email
from accounts.mail_codes import WrongMailCode
from accounts.models import ContactChange, ContactKind, NoticeAddress, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput, NotFound
from wallet_site.transactions import recorded


def ask_notice_address(user: User, email: str, *, actor: Actor) -> ContactChange:
    """Send a code to the address that is to be told of everything too. What was there stays until it is confirmed.

    The address may have an account of its own, or be another's second one: nothing here tells. A repeat replaces what
    waits. Raises `StepUpRequired`, `InvalidInput`, `TooManyTries`.
    """
    step_up.require(actor)
    address = read_email(email, pointer="/email")
    if address == user.email or NoticeAddress.objects.filter(user=user, email=address).exists():
        raise InvalidInput(errors=[FieldError("/email", _("This is your address already."), "same-address")])
    take_limits(user, ContactKind.NOTICE_EMAIL, address, actor=actor)
    with recorded(actor):
        return write_change(user, ContactKind.NOTICE_EMAIL, address, actor=actor)


def confirm_notice_address(user: User, code: str, *, actor: Actor) -> None:
    """From now on the pending address is told of everything.

    Raises `WrongMailCode` (counted), `NoPendingChange`, `StepUpRequired`.
    """
    step_up.require(actor)
    limits.MAIL_CODE_NETWORK.take(limits.network_key(actor.network))
    with recorded(actor):
        right = _write_address(user, code, actor)
    if not right:
        raise WrongMailCode


def _write_address(user: User, code: str, actor: Actor) -> bool:
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    change = take_proven(person, ContactKind.NOTICE_EMAIL, code)
    if change is None:
        return False
    NoticeAddress.objects.update_or_create(user=person, defaults={"email": change.new_value})
    record("accounts:notice_address:confirmed", actor=actor, subject=person, user_id=person.pk)
    return True


def remove_notice_address(user: User, *, actor: Actor) -> None:
    """Stop telling the second address, after 30 days in which it still hears of everything.

    Raises `StepUpRequired`, and `NotFound` when there is none.
    """
    step_up.require(actor)
    with recorded(actor):
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        removed, _per_model = NoticeAddress.objects.filter(user=person).delete()
        if not removed:
            raise NotFound
        record("accounts:notice_address:removed", actor=actor, subject=person, user_id=person.pk)
