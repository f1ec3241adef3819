"""What the clock does for recoveries: telling again, sending the link when the wait is over, ending what is too old.

The database decides whether something is due; a run that comes too early, twice, or beside another changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db.models import DateTimeField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from accounts import events
from accounts.actions.recoveries.steps import guarded_steps, lock_recovery
from accounts.errors import RecoveryNotDue, RecoveryOver
from accounts.models import Recovery, RecoveryState
from accounts.models.recoveries import OPEN_STATES
from accounts.recovery_links import link_digest
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import encrypt, new_token
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)
ACTOR = Actor.system("recovery clock")
ROUND = timedelta(hours=24)
BATCH = 100


def mind_recoveries() -> int:
    """Everything that is due now; returns how many steps were made."""
    return remind() + send_links() + expire()


def remind() -> int:
    """Tell every address again, at the 24th and 48th hour of a wait of 72."""
    due = ExpressionWrapper(F("changed_at") + F("rounds_told") * ROUND, output_field=DateTimeField())
    waiting = Recovery.objects.annotate(due=due).filter(
        state=RecoveryState.WAITING, due__lte=Now(), due__lt=F("waits_until")
    )
    return sum(_remind(pk) for pk in waiting.values_list("pk", flat=True)[:BATCH])


def _remind(recovery_id: int) -> bool:
    try:
        with guarded_steps(), recorded(ACTOR):
            recovery = lock_recovery(pk=recovery_id, state=RecoveryState.WAITING)
            recovery.rounds_told += 1
            recovery.save(update_fields=["rounds_told"])
    except (RecoveryOver, RecoveryNotDue):
        return False
    return True


def send_links() -> int:
    """Mail the link to the address on file where a wait is over and everybody was told in it."""
    over = Recovery.objects.filter(state=RecoveryState.WAITING, waits_until__lte=Now())
    return sum(_make_ready(pk) for pk in over.values_list("pk", flat=True)[:BATCH])


def _make_ready(recovery_id: int) -> bool:
    try:
        with guarded_steps(), recorded(ACTOR):
            recovery = lock_recovery(pk=recovery_id, state=RecoveryState.WAITING)
            recovery.state = RecoveryState.READY
            _write_link(recovery, ACTOR)
    except RecoveryOver:
        return False
    except RecoveryNotDue:
        # The worker or the mail server was away: a wait in which nobody was told is none. It goes on.
        log.warning("recovery_waits_until_everybody_was_told", recovery_id=recovery_id)
        return False
    return True


def write_new_link(recovery_id: int, *, actor: Actor) -> Recovery:
    """Mail a fresh link to the address on file, inside the caller's transaction; the one before dies."""
    recovery = lock_recovery(pk=recovery_id, state=RecoveryState.READY)
    _write_link(recovery, actor)
    return recovery


def _write_link(recovery: Recovery, actor: Actor) -> None:
    token = new_token(256)
    recovery.link_digest = link_digest(token)
    recovery.save(update_fields=["state", "link_digest"])
    recovery.refresh_from_db()
    owe(
        events.RECOVERY_LINK,
        key=f"recovery-link:{recovery.pk}:{link_digest(token).hex()[:16]}",
        payload={"recovery_id": recovery.pk, "sealed_token": encrypt(token)},
        user_id=recovery.user_id,
        priority="security",
    )
    record("accounts:recovery:link_sent", actor=actor, subject=recovery, user_id=recovery.user_id)


def expire() -> int:
    """End what its time has run out for."""
    old = Q(state__in=OPEN_STATES, expires_at__lte=Now())
    ended = 0
    for recovery_id in Recovery.objects.filter(old).values_list("pk", flat=True)[:BATCH]:
        with recorded(ACTOR):
            ended += Recovery.objects.filter(old, pk=recovery_id).update(state=RecoveryState.EXPIRED)
    return ended
