"""Promise 5: kill -9 of web, worker, database and card processor in the midst of 1,000 top-ups and payments loses no
yen and makes none.

Everything is real: the portal behind granian, the worker with its sweep, PostgreSQL, the card processor, apps and
tills over HTTP that repeat what got no answer under the same key.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import connections

from tests.drill import customers as clients
from tests.drill.customers import Sale, TopUpWish, Wish
from tests.drill.reckoning import Reckoning, until_settled, until_told
from tests.drill.storm import Database, Progress, Storm, plan
from tests.effort import effort
from tests.payments.processors.harness import SandboxHarness
from tests.processes import Portal, Sandbox, Worker
from wallet_site.audit.models import AuditRow
from wallet_site.local.postgres import Postgres

CUSTOMERS = 50
TOP_UPS_EACH = 8
SALES_EACH = 12
OPERATIONS = CUSTOMERS * (TOP_UPS_EACH + SALES_EACH)
COUNTERS = 6
AT_ONCE = 8
KILLS = effort(
    {"web": 3, "worker": 2, "database": 4, "processor": 2},
    hard={"web": 12, "worker": 8, "database": 20, "processor": 8},
)
# What is asked once more under its old key when all is over.
ASKED_AGAIN = 120
# A customer here does within a minute what people do within a month, and all of it has to pass: no rule finds it hasty.
HASTE_IS_FINE = {
    f"{what}_in_{span}": 1_000
    for what in ("top_ups", "spends")
    for span in ("ten_minutes_step_up", "ten_minutes_delay")
} | {"top_ups_in_a_day_deny": 1_000}
# Little patience with the processor's slow cards, so that they are left to the sweep at once.
IMPATIENT = {"PROCESSOR_TIMEOUT_SECONDS": "2", "RISK_THRESHOLDS": json.dumps(HASTE_IS_FINE)}

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(effort(600, hard=3_600))]


@pytest.fixture
def portal(live_portal: Portal) -> Iterator[Portal]:
    """The portal with less patience than usual; the next test gets a usual one."""
    live_portal.kill()
    live_portal.environment = IMPATIENT
    live_portal.start()
    yield live_portal
    live_portal.kill()
    live_portal.environment = {}


@pytest.fixture
def bank(sandbox_processor: Sandbox) -> Iterator[SandboxHarness]:
    harness = SandboxHarness(sandbox_processor.url)
    yield harness
    harness.close()


@pytest.mark.money(6)
def test_kill_anything_at_any_time(
    portal: Portal, worker: Worker, postgres: Postgres, bank: SandboxHarness, sandbox_processor: Sandbox
) -> None:
    seed = int(os.environ.get("KAKEHASHI_DRILL_SEED") or secrets.randbelow(1_000_000))
    say(f"KAKEHASHI_DRILL_SEED={seed}")
    chance = random.Random(seed)
    people = clients.make_customers(CUSTOMERS, bank, portal.url)
    counters = [clients.Counter.opened(str(number), portal.url) for number in range(COUNTERS)]
    wishes = clients.make_wishes(chance, people, counters, top_ups=TOP_UPS_EACH, sales=SALES_EACH)
    assert len(wishes) == OPERATIONS == 1_000
    connections.close_all()

    progress, began = Progress(), time.monotonic()
    victims = {
        "web": portal,
        "worker": worker,
        "database": Database(postgres),
        "processor": sandbox_processor,
    }
    storm = Storm(victims, progress, chance)
    storm.rage(
        plan(chance, KILLS, last=OPERATIONS * 19 // 20),
        during=lambda: clients.fulfil_all(wishes, progress, at_once=AT_ONCE),
    )
    stormed = time.monotonic()
    say(
        f"{progress.answers} answers in {stormed - began:.0f} s, {storm.recovering_seconds:.0f} s of it starting again"
    )
    say(f"killed {dict(storm.kills)}, {storm.caught} caught in it; tries in vain {dict(progress.failures)}")
    assert storm.kills == KILLS
    assert progress.answers == OPERATIONS

    left = until_settled(people, worker)
    say(f"{left} top-ups left open, settled in {time.monotonic() - stormed:.0f} s")
    asked_again(chance.sample(wishes, ASKED_AGAIN))
    say(f"{until_told(people, worker)} notices sent")
    Reckoning(people, wishes, bank).hold()
    say(outcome(wishes, [one.person.user.pk for one in people]))


def asked_again(wishes: list[Wish]) -> None:
    """The same key still gets the first answer: nothing is made anew once all is up again."""
    for wish in wishes:
        first, told = wish.told, Progress()
        if isinstance(wish, TopUpWish):
            wish.fulfil(told)
        else:
            wish.take(wish.takings[0], told)
        assert wish.told["id"] == first["id"]
        if isinstance(wish, Sale):
            assert wish.told == first


def outcome(wishes: list[Wish], users: list[int]) -> str:
    """Figures for whoever reads along with -s."""
    told = Counter(
        wish.told["state"] if isinstance(wish, TopUpWish) else wish.told["status"] for wish in wishes
    )
    ends = AuditRow.objects.filter(
        user_id__in=users, action__in=["payments:top_up:succeeded", "payments:top_up:failed"]
    )
    by = Counter(
        f"{row.action.rpartition(':')[2]} by {row.actor.get('name') or row.actor['kind']}" for row in ends
    )
    return f"told {dict(told)}; top-ups ended: {dict(by)}"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
