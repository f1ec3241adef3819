"""The desk's part of a recovery: beginning it, and agreeing as the second. Nothing of the customer's is ever set here.

Called by support's actions, inside their transactions and after their questions of rights. The database refuses anybody
but two different members of staff who act, whatever Python says.
"""

from __future__ import annotations

from accounts.actions.recoveries.steps import lock_recovery, open_recovery
from accounts.errors import RecoveryUnderWay
from accounts.models import Recovery, RecoveryState, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record


def write_start(user: User, *, reason: str, actor: Actor) -> Recovery:
    """One member of staff begins a recovery, or takes up what the customer asked for. Nobody is told yet.

    Raises `RecoveryUnderWay` when one is past this step already.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    recovery = open_recovery(user.pk)
    if recovery is None:
        recovery = Recovery(user=user, way=Recovery.Way.DESK)
    elif recovery.state != RecoveryState.REQUESTED:
        raise RecoveryUnderWay
    recovery.state, recovery.started_by_id, recovery.reason = RecoveryState.STARTED, actor.user_id, reason
    recovery.save()
    recovery.refresh_from_db()
    record(
        "accounts:recovery:started", actor=actor, subject=recovery, user_id=user.pk, data={"reason": reason}
    )
    return recovery


def write_approval(recovery_id: int, *, actor: Actor) -> Recovery:
    """The second one agrees: the wait of 72 hours begins, and every address is told by trigger."""
    recovery = lock_recovery(pk=recovery_id, state=RecoveryState.STARTED)
    recovery.state, recovery.approved_by_id = RecoveryState.WAITING, actor.user_id
    recovery.save(update_fields=["state", "approved_by"])
    recovery.refresh_from_db()
    record("accounts:recovery:approved", actor=actor, subject=recovery, user_id=recovery.user_id)
    return recovery


def write_refusal(recovery_id: int, *, reason: str, actor: Actor) -> None:
    """It does not begin. Told to the customer, by trigger."""
    recovery = lock_recovery(pk=recovery_id, state__in=[RecoveryState.REQUESTED, RecoveryState.STARTED])
    recovery.state = RecoveryState.REFUSED
    recovery.save(update_fields=["state"])
    record(
        "accounts:recovery:refused",
        actor=actor,
        subject=recovery,
        user_id=recovery.user_id,
        data={"reason": reason},
    )


def write_withdrawal(recovery_id: int, *, reason: str, actor: Actor) -> None:
    """End it at any point before the new factor is there; stopping needs no second person."""
    recovery = lock_recovery(pk=recovery_id)
    recovery.state = RecoveryState.WITHDRAWN
    recovery.save(update_fields=["state"])
    record(
        "accounts:recovery:withdrawn",
        actor=actor,
        subject=recovery,
        user_id=recovery.user_id,
        data={"reason": reason},
    )
