"""From the change to the mail server: how long the owner of an account stays untold."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator

import psycopg

from tests.bench.bench import Bench
from tests.bench.rows import Row
from tests.people import make_customer
from tests.processes import Worker
from wallet_site.local.postgres import APPLICATION

CHANGES = 200
# Apart by no simple part of the sweep's second, so that every moment between two sweeps is tried.
APART_SECONDS = 0.137
GOAL_SECONDS = 2.0


def measure(bench: Bench) -> Iterator[Row]:
    """Changes by plain SQL (nothing wakes the worker), one real worker and beat; commit to the server's taking it."""
    worker = Worker.of(bench.ground.run)
    worker.start()
    try:
        delays = _delays(bench)
    finally:
        worker.kill()
    delays.sort()
    p95 = delays[math.ceil(len(delays) * 0.95) - 1]
    note = f"{len(delays)} notices to two addresses each, one worker; the slowest {delays[-1]:.2f} s"
    yield Row("notice_delay_median", statistics.median(delays), "s", note="commit to mail server")
    yield Row("notice_delay", p95, "s", goal=GOAL_SECONDS, at_most=True, note=f"p95; {note}")


def _delays(bench: Bench) -> list[float]:
    """Seconds by the database's clock; of a change's two notices the later one counts."""
    people = [make_customer("mio") for _n in range(20)]
    url = bench.ground.database.url(APPLICATION)
    with psycopg.connect(url, autocommit=True) as session:
        _settle(session)
        (first,) = session.execute(
            "SELECT coalesce(max(id), 0) FROM accounts_credentialchange"
        ).fetchone() or (0,)
        for number in range(CHANGES):
            person = people[number % len(people)]
            session.execute(
                "UPDATE accounts_user SET phone = %s WHERE id = %s",
                [f"+81801{number:07d}", person.user.pk],
            )
            time.sleep(APART_SECONDS)
        _settle(session)
        rows = session.execute(
            "SELECT extract(epoch FROM max(d.sent_at) - c.at)::float FROM accounts_credentialchange c"
            " JOIN outbox_event e ON e.key = 'credential-change:' || c.id"
            " JOIN outbox_delivery d ON d.event_id = e.id WHERE c.id > %s GROUP BY c.id, c.at",
            [first],
        ).fetchall()
    return [row[0] for row in rows]


def _settle(session: psycopg.Connection) -> None:
    """Wait until nothing is owed any more. Raises `TimeoutError` after a minute."""
    until = time.monotonic() + 60
    owed = (
        "SELECT EXISTS (SELECT FROM outbox_event WHERE expanded_at IS NULL)"
        " OR EXISTS (SELECT FROM outbox_delivery WHERE state = 'queued')"
    )
    while session.execute(owed).fetchone() == (True,):
        if time.monotonic() > until:
            raise TimeoutError("the worker does not get through")
        time.sleep(0.05)
