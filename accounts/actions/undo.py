"""Undoing a credential change with the link from its notice (requirement 28).

It freezes, ends everything that is signed in, puts back what can be put back, and tells everybody. It never signs
anybody in and never hands over control: what it restores was the person's before, and the account stays stopped until
the desk has spoken with them. Support's case is opened by a trigger on `ChangeUndo`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts import events, limits
from accounts.actions.freezes import outsider, write_freeze
from accounts.actions.undo_passkeys import remove_added_passkey, restore_passkey
from accounts.errors import LinkOver
from accounts.models import (
    ChangeUndo,
    CredentialChange,
    NoticeAddress,
    RecoveryCodeSet,
    Suspension,
    TotpDevice,
    User,
)
from accounts.notice_targets import Target, targets_of
from accounts.undo_links import UndoLink, read_link, told_addresses
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import decrypt
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

Kind = CredentialChange.Kind


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of it. `is_first` is False for a link that was used before: then nothing was done."""

    undo: ChangeUndo
    is_first: bool


def undo_change(token: str, *, actor: Actor) -> Undone:
    """Do what the link promises, in one transaction; a repeat does nothing new.

    Raises `LinkOver` for a link that is cut, forged or older than seven days, `TooManyTries` past sixty tries an hour
    from one network. Nobody needs to be signed in.
    """
    limits.UNDO_NETWORK.take(limits.network_key(actor.network))
    link = read_link(token)
    if link is None:
        raise LinkOver
    undoer = outsider(actor)
    with recorded(undoer):
        user = User.objects.select_for_update(no_key=True).get(pk=link.change.user_id)
        before = ChangeUndo.objects.filter(change=link.change).first()
        if before is not None:
            return Undone(before, is_first=False)
        return Undone(_write_undo(link, user, undoer), is_first=True)


def _write_undo(link: UndoLink, user: User, undoer: Actor) -> ChangeUndo:
    suspension = write_freeze(
        user,
        channel=Suspension.Channel.UNDO_LINK,
        reason_code=Suspension.Reason.CREDENTIAL_UNDO,
        reason=f"undo link of change {link.change.pk} ({link.change.kind}) used",
        actor=undoer,
    )
    restore = _RESTORERS.get(Kind(link.change.kind))
    restored = restore(link, user) if restore else []
    undo = ChangeUndo.objects.create(
        change=link.change,
        user=user,
        address=link.address,
        restored=restored,
        actor=json.loads(undoer.as_json()),
    )
    _owe_notices(undo, user)
    record(
        "accounts:change:undone",
        actor=undoer,
        subject=undo,
        user_id=user.pk,
        data={"change_id": link.change.pk, "kind": link.change.kind, "suspension_id": suspension.pk},
    )
    return undo


def _owe_notices(undo: ChangeUndo, user: User) -> None:
    """To every address that was told of the change, and to those on file now."""
    told = [Target("email", address) for address in told_addresses(undo.change)]
    recipients = [asdict(target) for target in dict.fromkeys([*targets_of(user.pk), *told])]
    owe(
        events.UNDO_USED,
        key=f"undo-used:{undo.pk}",
        payload={"undo_id": undo.pk, "recipients": recipients},
        user_id=user.pk,
        priority="security",
    )


def _restore_address(link: UndoLink, user: User) -> list[str]:
    """The address before the change; before an earlier change too, when the link was sent to that older address.

    Otherwise who changes it twice would have the second link restore the first of his own addresses.
    """
    earlier = CredentialChange.objects.filter(
        user=user,
        kind=Kind.EMAIL_CHANGED,
        pk__lte=link.change.pk,
        old_value=link.address,
        at__gt=timezone.now() - settings.UNDO_LINK_LIFETIME,
    )
    address = link.address if earlier.exists() else link.change.old_value
    if address == user.email:
        return []
    if User.objects.filter(email=address).exclude(pk=user.pk).exists():
        return ["email_taken"]
    user.email = address
    user.save(update_fields=["email"])
    return ["email"]


def _restore_phone(link: UndoLink, user: User) -> list[str]:
    user.phone = link.change.old_value or None
    user.save(update_fields=["phone"])
    return ["phone"]


def _remove_notice_address(link: UndoLink, user: User) -> list[str]:
    removed, _per_model = NoticeAddress.objects.filter(user=user, email=link.change.new_value).delete()
    return ["notice_address_removed"] if removed else []


def _restore_notice_address(link: UndoLink, user: User) -> list[str]:
    NoticeAddress.objects.update_or_create(user=user, defaults={"email": link.change.old_value})
    return ["notice_address"]


def _lock_password(_link: UndoLink, user: User) -> list[str]:
    """The password before is not known, and whoever set this one knows it: none opens the account now."""
    user.set_unusable_password()
    user.save(update_fields=["password"])
    return ["password_unusable"]


def _remove_added_app(link: UndoLink, user: User) -> list[str]:
    removed, _per_model = TotpDevice.objects.filter(user=user, pk=link.change.subject_id).delete()
    return ["totp_removed"] if removed else []


def _restore_app(link: UndoLink, user: User) -> list[str]:
    """The removed or changed app as it lay in its table; its seed is decrypted and encrypted anew on the way."""
    row: dict[str, Any] | None = link.change.removed_row
    if row is None or TotpDevice.objects.filter(pk=row["id"]).exclude(user=user).exists():
        return []
    last_used = row.get("last_used_at")
    TotpDevice(
        pk=row["id"],
        # Rows of before it had one.
        public_id=row.get("public_id") or uuid4(),
        user=user,
        name=row["name"],
        confirmed=True,
        seed=decrypt(row["seed"]),
        last_step=row["last_step"],
        created_at=parse_datetime(row["created_at"]),
        last_used_at=parse_datetime(last_used) if last_used else None,
    ).save()
    return ["totp"]


def _remove_added_codes(link: UndoLink, user: User) -> list[str]:
    code_set = RecoveryCodeSet.objects.filter(user=user, pk=link.change.subject_id).first()
    if code_set is None:
        return []
    code_set.delete()
    return ["recovery_codes_removed"]


_RESTORERS: Final[dict[Kind, Callable[[UndoLink, User], list[str]]]] = {
    Kind.EMAIL_CHANGED: _restore_address,
    Kind.PHONE_CHANGED: _restore_phone,
    Kind.NOTICE_ADDRESS_ADDED: _remove_notice_address,
    Kind.NOTICE_ADDRESS_CHANGED: _restore_notice_address,
    Kind.NOTICE_ADDRESS_REMOVED: _restore_notice_address,
    Kind.PASSWORD_CHANGED: _lock_password,
    Kind.TOTP_ADDED: _remove_added_app,
    Kind.TOTP_REMOVED: _restore_app,
    Kind.TOTP_CHANGED: _restore_app,
    Kind.PASSKEY_ADDED: remove_added_passkey,
    Kind.PASSKEY_REMOVED: restore_passkey,
    Kind.PASSKEY_CHANGED: restore_passkey,
    Kind.RECOVERY_ADDED: _remove_added_codes,
}
