"""A new address or number waits for the code that was sent there: what e-mail, second address and phone share.

Only the last step differs: what is written once the code is right. Everything here runs inside the caller's
transaction, or says so.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts import events, limits
from accounts.errors import NoPendingChange
from accounts.mail_codes import LIFETIME, MAXIMUM_TRIES, code_digest, new_code
from accounts.models import ContactChange, ContactKind, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import encrypt, equal
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

# How long it waits. A code is good for ten minutes of that; a new one can be asked for.
PENDING_FOR: Final = timedelta(minutes=30)
_CODE_TOPICS: Final = {
    ContactKind.EMAIL: events.EMAIL_CHANGE_CODE,
    ContactKind.NOTICE_EMAIL: events.NOTICE_ADDRESS_CODE,
    ContactKind.PHONE: events.PHONE_CODE,
}


def take_limits(user: User, kind: ContactKind, value: str, *, actor: Actor) -> None:
    """Count one code that is about to be sent. Raises `TooManyTries`; SMS cost money, so they are fewer."""
    if kind == ContactKind.PHONE:
        limits.SMS_NETWORK.take(limits.network_key(actor.network))
        limits.SMS_PERSON.take(str(user.pk))
        limits.SMS_NUMBER.take(value)
    else:
        limits.CONTACT_PERSON.take(f"{kind} {user.pk}")
        limits.CONTACT_ADDRESS.take(value)


def write_change(
    user: User, kind: ContactKind, value: str, *, may_be_proven: bool = True, actor: Actor
) -> ContactChange:
    """Put `value` in the place of what waited and owe its code.

    `may_be_proven` False: the address is somebody's already. Then no code is right and its owner is told instead; who
    asks sees no difference (requirement 5).
    """
    ContactChange.objects.filter(user=user, kind=kind).delete()
    change = ContactChange.objects.create(
        user=user, kind=kind, new_value=value, expires_at=timezone.now() + PENDING_FOR
    )
    _send_code(change, may_be_proven=may_be_proven, actor=actor)
    record(f"accounts:{kind}_change:asked", actor=actor, subject=change, user_id=user.pk)
    return change


def resend_code(user: User, kind: ContactKind, *, actor: Actor) -> ContactChange:
    """Send a new code for what waits, in a transaction of its own; the one before dies.

    Raises `NoPendingChange`, `TooManyTries`.
    """
    waiting = pending(user, kind)
    if waiting is None:
        raise NoPendingChange
    take_limits(user, kind, waiting.new_value, actor=actor)
    with recorded(actor):
        change = ContactChange.objects.select_for_update().filter(pk=waiting.pk).first()
        if change is None:
            raise NoPendingChange
        taken = kind == ContactKind.EMAIL and User.objects.filter(email=change.new_value).exists()
        _send_code(change, may_be_proven=not taken, actor=actor)
        record(f"accounts:{kind}_change:code_again", actor=actor, subject=change, user_id=user.pk)
    return change


def _send_code(change: ContactChange, *, may_be_proven: bool, actor: Actor) -> None:
    code = new_code()
    now = timezone.now()
    change.code_digest = code_digest(code, _subject(change)) if may_be_proven else None
    change.code_sent_at, change.code_tries = now, 0
    change.save(update_fields=["code_digest", "code_sent_at", "code_tries"])
    owe(
        _CODE_TOPICS[ContactKind(change.kind)] if may_be_proven else events.KNOWN_ADDRESS,
        key=f"contact-code:{change.pk}:{now.timestamp()}",
        payload={
            "address": change.new_value,
            "language": change.user.language,
            "sealed_code": encrypt(code if may_be_proven else ""),
            "valid_until": (now + LIFETIME).isoformat(),
            "origin": events.origin(actor),
        },
        priority="security",
    )


def pending(user: User, kind: ContactKind) -> ContactChange | None:
    """What waits, if it still may be confirmed."""
    return ContactChange.objects.filter(user=user, kind=kind, expires_at__gt=timezone.now()).first()


def take_proven(person: User, kind: ContactKind, code: str) -> ContactChange | None:
    """The change that `code` proves, taken away; None for a wrong code, which is counted.

    `person` must be locked: an undo takes the rows in the same order. Raises `NoPendingChange`. After five wrong codes
    or ten minutes none is right any more.
    """
    change = ContactChange.objects.select_for_update().filter(user=person, kind=kind).first()
    now = timezone.now()
    if change is None or change.expires_at <= now:
        raise NoPendingChange
    in_time = now - change.code_sent_at <= LIFETIME and change.code_tries < MAXIMUM_TRIES
    given = code_digest(re.sub(r"[\s-]", "", code), _subject(change))
    if not in_time or change.code_digest is None or not equal(bytes(change.code_digest), given):
        change.code_tries += 1
        change.save(update_fields=["code_tries"])
        return None
    change.delete()
    return change


def _subject(change: ContactChange) -> str:
    return f"contact-change:{change.pk}"


def cancel_change(user: User, kind: ContactKind, *, actor: Actor) -> bool:
    """Forget what waits, in a transaction of its own; its code dies. Tightening asks for nothing.

    False when nothing was waiting.
    """
    with recorded(actor):
        cancelled, _per_model = ContactChange.objects.filter(user=user, kind=kind).delete()
        if cancelled:
            record(f"accounts:{kind}_change:cancelled", actor=actor, subject=user, user_id=user.pk)
    return bool(cancelled)
