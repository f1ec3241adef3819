"""Whether time tells who has an account: the same asked about one address that has one and one that has none."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Iterator, Sequence

from django.contrib.auth.hashers import make_password
from django.test import override_settings

from accounts.models import User
from tests.accounts.existence import Way, ways
from tests.bench.bench import Bench
from tests.bench.rows import Row
from tests.people import PASSWORD, fresh_email
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

# Of each way, a round; every address is used twice, within every limit by address.
PAIRS = 16
# The hashing of production: the tests' own is quicker and would hide what comes beside it.
HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
GOAL_PERCENT = 75


def measure(bench: Bench) -> Iterator[Row]:
    """Known against unknown addresses, in one process, interleaved; 100 % where no clock can tell them apart."""
    pairs = PAIRS * bench.rounds
    logging.disable(logging.ERROR)
    with override_settings(PASSWORD_HASHERS=HASHERS, ALLOWED_HOSTS=["*"]):
        people = _people(pairs // 2)
        for name, way in ways().items():
            known, unknown = _times(way, people, pairs)
            medians = (
                f"{statistics.median(known) * 1000:.2f} against {statistics.median(unknown) * 1000:.2f} ms"
            )
            yield Row(
                f"account_timing {name}",
                overlap_percent(known, unknown),
                "% overlap",
                goal=GOAL_PERCENT,
                note=f"median {medians}, {pairs} pairs",
            )


def overlap_percent(known: Sequence[float], unknown: Sequence[float]) -> float:
    """How alike two sets of times are: 100 where either is the longer one as often as not, 0 where one always is.

    From Mann and Whitney's U: the chance that a guess by the clock is right is 50 % at 100, and certain at 0.
    """
    longer = sum((one > other) + 0.5 * (one == other) for one in known for other in unknown)
    return 100 * (1 - abs(2 * longer / (len(known) * len(unknown)) - 1))


def _people(count: int) -> list[str]:
    """Customers with a password of production's hash; nothing else of them is asked for."""
    hashed = make_password(PASSWORD)
    with recorded(Actor.system("bench")):
        return [
            User.objects.create_customer(
                email=fresh_email("timed"), full_name="Timed", password_hash=hashed, language="en"
            ).email
            for _number in range(count)
        ]


def _times(way: Way, people: Sequence[str], pairs: int) -> tuple[list[float], list[float]]:
    """Seconds of each call. Which of a pair comes first changes by turns: so does what the other warms up."""
    for _number in range(4):
        way(fresh_email("nobody"))
    known: list[float] = []
    unknown: list[float] = []
    strangers = [fresh_email("nobody") for _address in people]
    for number in range(pairs):
        pair = [(known, people[number % len(people)]), (unknown, strangers[number % len(people)])]
        for times, address in pair if number % 2 else reversed(pair):
            began = time.perf_counter()
            told = way(address)
            times.append(time.perf_counter() - began)
            if told.status in (400, 429, 500, 503):
                raise RuntimeError(f"{told.status}: {told.body[:200]!r}")
    return known, unknown
