"""The "this was not me" links: signed, seven days, the same for every repeat of a mail.

One undoes a credential change, another reports a sign-in. A link names its subject and, as a digest, the address it
went to. It holds no secret of the account, signs nobody in, and is worthless for a change that was itself an undoing:
whoever took an account over must not undo the undoing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiDevice, CredentialChange, FormerAddress, SignIn
from accounts.notice_targets import addresses_of
from wallet_site.crypto import digest, equal
from wallet_site.outbox.models import Event

UNDO_ACTOR: Final = "undo link"
_SIGNER: Final = Signer(salt="accounts.undo")
_SIGN_IN_SIGNER: Final = Signer(salt="accounts.undo.sign_in")
_BRING_ADDRESSES: Final = (
    CredentialChange.Kind.EMAIL_CHANGED,
    CredentialChange.Kind.NOTICE_ADDRESS_ADDED,
    CredentialChange.Kind.NOTICE_ADDRESS_CHANGED,
)


@dataclass(frozen=True, slots=True)
class UndoLink:
    """A genuine link, in time: which change, and to whom it was sent."""

    change: CredentialChange
    address: str


def undo_url(change: CredentialChange, address: str) -> str:
    """The absolute address of the page, from settings: a request's Host header never gets into a mail."""
    token = _SIGNER.sign_object([change.pk, _mark(change.pk, address)])
    return settings.PUBLIC_URL + reverse("accounts:undo", kwargs={"token": token})


def read_link(token: str) -> UndoLink | None:
    """What the link stands for; None for one that is cut, forged, too old or undoes nothing."""
    try:
        change_id, mark = _SIGNER.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        return None
    change = CredentialChange.objects.select_related("user").filter(pk=change_id).first()
    if change is None or not is_undoable(change) or timezone.now() >= ends_at(change):
        return None
    address = next((one for one in told_addresses(change) if equal(_mark(change.pk, one), mark)), None)
    return UndoLink(change, address) if address is not None and may_undo(change, address) else None


def may_undo(change: CredentialChange, address: str) -> bool:
    """Whether `address` gets a link to undo `change`.

    An address that an undo took away is told for its 30 days, as it may be the owner's after all. But it is a thief's
    more often: it must not stop the account again, or bring the thief's own app back, each time the owner mends it.
    """
    if not is_undoable(change):
        return False
    return not was_taken_away(change.user_id, address, before_id=change.pk)


def was_taken_away(user_id: int, address: str, *, before_id: int | None = None) -> bool:
    """Whether an undo took `address` from this account (before that change) and it has not come back since."""
    taken = FormerAddress.objects.filter(
        user_id=user_id, email=address, change__actor__kind="system", change__actor__name=UNDO_ACTOR
    )
    back = CredentialChange.objects.filter(user_id=user_id, kind__in=_BRING_ADDRESSES, new_value=address)
    if before_id is not None:
        taken, back = taken.filter(change_id__lt=before_id), back.filter(pk__lt=before_id)
    newest = taken.order_by("-change_id").first()
    return newest is not None and not back.filter(pk__gt=newest.change_id).exists()


def is_undoable(change: CredentialChange) -> bool:
    """Whether a notice of this change offers to undo it."""
    return change.kind != CredentialChange.Kind.PASSWORD_REHASHED and not is_undoing(change)


def is_undoing(change: CredentialChange) -> bool:
    """Whether an undo link made this change."""
    actor: dict[str, Any] = change.actor
    return actor.get("kind") == "system" and actor.get("name") == UNDO_ACTOR


def ends_at(change: CredentialChange) -> datetime:
    """When the links of a change stop working."""
    return change.at + settings.UNDO_LINK_LIFETIME


def told_addresses(change: CredentialChange) -> list[str]:
    """The e-mail addresses that the trigger wrote down for this change."""
    event = Event.objects.filter(key=f"credential-change:{change.pk}").only("payload").first()
    recipients: list[dict[str, str]] = event.payload["recipients"] if event else []
    return [one["address"] for one in recipients if one["channel"] == "email"]


def _mark(change_id: int, address: str) -> str:
    return digest(f"{change_id}:{address}", "undo-link").hex()[:24]


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A genuine link, in time: which browser session or app, when it signed in, and to whom the link was sent."""

    subject: SignIn | ApiDevice
    at: datetime
    address: str


def sign_in_undo_url(subject: SignIn | ApiDevice, address: str, *, at: datetime) -> str:
    """The absolute address of the page that reports a sign-in: of a browser's session, or of an app on a device.

    `at` is when it happened; the link works for seven days from then. The same arguments give the same link.
    """
    kind = "browser" if isinstance(subject, SignIn) else "app"
    mark = _sign_in_mark(kind, subject.pk, address)
    token = _SIGN_IN_SIGNER.sign_object([kind, subject.pk, int(at.timestamp()), mark])
    return settings.PUBLIC_URL + reverse("accounts:report_sign_in", kwargs={"token": token})


def read_sign_in_link(token: str) -> SignInLink | None:
    """What the link stands for; None for one that is cut, forged, too old, or went to an address taken away since."""
    try:
        kind, subject_id, at_seconds, mark = _SIGN_IN_SIGNER.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        return None
    at = datetime.fromtimestamp(at_seconds, tz=UTC)
    if timezone.now() >= at + settings.UNDO_LINK_LIFETIME:
        return None
    model: type[SignIn | ApiDevice] = SignIn if kind == "browser" else ApiDevice
    subject = model.objects.select_related("user").filter(pk=subject_id).first()
    if subject is None:
        return None
    told = addresses_of(subject.user_id)
    address = next((one for one in told if equal(_sign_in_mark(kind, subject_id, one), mark)), None)
    if address is None or was_taken_away(subject.user_id, address):
        return None
    return SignInLink(subject, at, address)


def _sign_in_mark(kind: str, subject_id: int, address: str) -> str:
    return digest(f"{kind}:{subject_id}:{address}", "sign-in-link").hex()[:24]
