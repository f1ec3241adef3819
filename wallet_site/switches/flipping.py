"""Pulling and releasing, inside the caller's transaction. Who may is the desk's to say (`support.actions.switches`)."""

from __future__ import annotations

from django.db import DatabaseError, OperationalError, connection, transaction

from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.switches.errors import AlreadyFlipped
from wallet_site.switches.models import Flip, Switch
from wallet_site.switches.names import SwitchName

# The first half of the advisory locks' keys; the second is the switch's id (as in `switches_stopping`).
LOCKS = 1263748947
# How long a pull waits for what was let through before. Meanwhile nothing new is: it queues behind the pull.
WAIT_SECONDS = 3


def write_pull(name: SwitchName, *, reason: str, actor: Actor) -> Flip:
    """Stop `name` for everybody from the caller's commit on. Must be the first lock the transaction takes.

    Waits until every movement that was let through has committed or fallen; after `WAIT_SECONDS` it goes on without
    (`is_drained` False): then one that hangs may still end, and none that asks later. Raises `AlreadyFlipped`.
    """
    switch = Switch.objects.get(name=name)
    drained = _wait_for_movements(switch.pk)
    data = {"switch": name, "reason": reason, "drained": drained}
    # Before the row: everybody takes the audit's lock first, then the switch's.
    record("desk:switch:pulled", actor=actor, subject=switch, data=data)
    return _flip(switch, is_pulled=True, reason=reason, is_drained=drained)


def write_release(name: SwitchName, *, approval_id: int, reason: str, actor: Actor) -> Flip:
    """Let `name` go on, by the desk's approval. Raises `AlreadyFlipped`; the database refuses a wrong approval."""
    switch = Switch.objects.get(name=name)
    record("desk:switch:released", actor=actor, subject=switch, data={"switch": name, "reason": reason})
    return _flip(switch, is_pulled=False, reason=reason, approval_id=approval_id)


def _flip(switch: Switch, *, is_pulled: bool, **facts: object) -> Flip:
    try:
        flip = Flip(switch=switch, is_pulled=is_pulled, **facts)
        flip.save(force_insert=True)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) != "KK603":
            raise
        raise AlreadyFlipped from error
    flip.refresh_from_db()
    return flip


def _wait_for_movements(switch_id: int) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{WAIT_SECONDS}s"])
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCKS, switch_id])
            cursor.execute("SELECT set_config('lock_timeout', '0', true)")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != "55P03":
            raise
        return False
    return True
