"""The link that is mailed after the wait, to the address on file and to no other: with it, the password is asked.

Whoever has lost the password too may choose a new one with it, but only after another day in which everybody is told
and can stop it. The link alone, and with it the mailbox alone, opens nothing.
"""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts import limits
from accounts.actions.credentials import prove_current_password
from accounts.actions.recoveries.by_code import hand_over
from accounts.actions.recoveries.steps import guarded_steps, lock_recovery, recoverer
from accounts.errors import RecoveryOver
from accounts.models import Recovery, RecoveryState
from accounts.password_rules import refuse_weak
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded


def live_recovery(stored_digest: bytes) -> Recovery | None:
    """The recovery of a link that still counts, or None. Looking changes nothing: mail scanners follow links too."""
    return (
        Recovery.objects.select_related("user")
        .filter(
            link_digest=stored_digest,
            state__in=[RecoveryState.READY, RecoveryState.ENROLLING],
            expires_at__gt=timezone.now(),
        )
        .first()
    )


def prove_password(stored_digest: bytes, password: str, *, actor: Actor) -> str:
    """The password beside the link: returns the key with which the new factor is set up.

    A repeat hands over to the browser that asked last. Raises `InvalidInput` for a wrong password, `TooManyTries`
    after ten in an hour, `RecoveryOver`.
    """
    recovery = _found(stored_digest, actor)
    if recovery.password_lost:
        raise RecoveryOver
    prove_current_password(recovery.user, password, pointer="/password")
    return _hand_over(stored_digest, recovery, actor)


def choose_password(stored_digest: bytes, password: str, *, actor: Actor) -> str:
    """A new password, kept until the new factor is set up; only after the second wait. Returns the key like above.

    Raises `InvalidInput` for a weak one and `RecoveryOver`.
    """
    recovery = _found(stored_digest, actor)
    if not recovery.password_lost:
        raise RecoveryOver
    refuse_weak(password, recovery.user, pointer="/new_password")
    return _hand_over(stored_digest, recovery, actor, password_hash=make_password(password))


def report_lost_password(stored_digest: bytes, *, actor: Actor) -> Recovery:
    """The password is forgotten too: wait another day, told everywhere, then a new link comes. Once per recovery."""
    recovery = _found(stored_digest, actor)
    customer = recoverer(recovery.user_id, actor)
    with guarded_steps(), recorded(customer):
        locked = lock_recovery(pk=recovery.pk, link_digest=stored_digest, state=RecoveryState.READY)
        locked.state, locked.password_lost, locked.link_digest = RecoveryState.WAITING, True, None
        locked.save(update_fields=["state", "password_lost", "link_digest"])
        record("accounts:recovery:password_lost", actor=customer, subject=locked, user_id=locked.user_id)
    locked.refresh_from_db()
    return locked


def _found(stored_digest: bytes, actor: Actor) -> Recovery:
    limits.RECOVERY_LINK_NETWORK.take(limits.network_key(actor.network))
    recovery = live_recovery(stored_digest)
    if recovery is None:
        raise RecoveryOver
    return recovery


def _hand_over(stored_digest: bytes, recovery: Recovery, actor: Actor, *, password_hash: str = "") -> str:
    customer = recoverer(recovery.user_id, actor)
    with guarded_steps(), recorded(customer):
        locked = lock_recovery(
            pk=recovery.pk,
            link_digest=stored_digest,
            state__in=[RecoveryState.READY, RecoveryState.ENROLLING],
        )
        locked.password_hash = password_hash
        return hand_over(locked, customer)
