"""Stopping a process in the midst of a transaction, by a lock on the row that it needs next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.people import Person
from wallet_site.local.processes import wait_until


@contextmanager
def wallet_locked(person: Person, owner: psycopg.Connection) -> Iterator[None]:
    """Whoever wants to move the person's money waits until the block ends."""
    with owner.transaction():
        owner.execute("SELECT FROM payments_account WHERE owner_id = %s FOR UPDATE", [person.user.pk])
        yield


def until_somebody_waits(owner: psycopg.Connection) -> None:
    """Until a session waits for the lock that `owner` holds."""
    blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND %s = ANY (pg_blocking_pids(pid))"

    def waits() -> bool:
        row = owner.execute(blocked, [owner.info.backend_pid]).fetchone()
        return row is not None and row[0] > 0

    wait_until(waits, within_seconds=60, otherwise=lambda: "nobody came to the wallet")
