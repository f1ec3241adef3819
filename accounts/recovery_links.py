"""The links of a recovery: one that stops it, to everybody who is told, and one that goes on, to one address only.

A stop link is signed and the same for every repeat of a notice. It names the recovery and, as a digest, to whom it
went; it signs nobody in and can only stop. The link that goes on is 256 random bits, kept as a digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone

from accounts.models import Recovery, RecoveryState
from accounts.notice_targets import Target
from accounts.undo_links import was_taken_away
from wallet_site.crypto import digest, equal
from wallet_site.outbox.models import Event

# What the database allows (migration 0041); pages and notices say it.
DESK_WAIT: Final = timedelta(hours=72)
SHORT_WAIT: Final = timedelta(hours=24)
LINK_LIFETIME: Final = timedelta(hours=72)
_SIGNER: Final = Signer(salt="accounts.recovery.stop")
_OPEN_OR_DONE: Final = {RecoveryState.COMPLETED, RecoveryState.STOPPED}


@dataclass(frozen=True, slots=True)
class StopLink:
    """A genuine stop link: of which recovery, and to whom it was sent."""

    recovery: Recovery
    target: Target


def stop_url(recovery: Recovery, target: Target) -> str:
    """The absolute address of the page that stops `recovery`, for whoever is told at `target`."""
    token = _SIGNER.sign_object([recovery.pk, _mark(recovery.pk, target)])
    return settings.PUBLIC_URL + reverse("accounts:recovery_stop", kwargs={"token": token})


def read_stop_link(token: str) -> StopLink | None:
    """What the link stands for; None for one that is cut, forged, foreign, or of a recovery that ended otherwise.

    It works as long as the recovery is open and, once that has led to a new factor, for as long as an undo link does.
    """
    try:
        recovery_id, mark = _SIGNER.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        return None
    recovery = Recovery.objects.select_related("user").filter(pk=recovery_id).first()
    if recovery is None or not can_be_stopped(recovery):
        return None
    target = next((one for one in told_targets(recovery) if equal(_mark(recovery.pk, one), mark)), None)
    return StopLink(recovery, target) if target is not None and may_stop(recovery, target) else None


def can_be_stopped(recovery: Recovery) -> bool:
    """Whether a stop link still means something; one that was used stays readable, so that a repeat is told so."""
    if recovery.is_open:
        return True
    ended_lately = timezone.now() < recovery.changed_at + settings.UNDO_LINK_LIFETIME
    return recovery.state in _OPEN_OR_DONE and ended_lately


def may_stop(recovery: Recovery, target: Target) -> bool:
    """Whether this target gets a link. An address that an undo took away is told, but was a thief's more often."""
    return target.channel != "email" or not was_taken_away(recovery.user_id, target.address)


def told_targets(recovery: Recovery) -> list[Target]:
    """Everywhere that this recovery was told, as the triggers wrote it down."""
    prefix = f"recovery-told:{recovery.pk}:"
    payloads = Event.objects.filter(key__startswith=prefix).values_list("payload", flat=True)
    told = (Target(one["channel"], one["address"]) for payload in payloads for one in payload["recipients"])
    return list(dict.fromkeys(told))


def _mark(recovery_id: int, target: Target) -> str:
    return digest(f"{recovery_id}:{target.channel}:{target.address}", "recovery-stop").hex()[:24]


def link_digest(token: str) -> bytes:
    """How the secret of the link that goes on lies in the database and in the session."""
    return digest(token, "recovery-link")


def key_digest(key: str) -> bytes:
    """How the secret of the browser or app that sets the new factor up lies in the database."""
    return digest(key, "recovery-key")
