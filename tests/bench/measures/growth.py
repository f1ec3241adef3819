"""Postings into books that have grown: beside the same into young ones."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.accounts import grow, wallets
from tests.bench.bench import Bench
from tests.bench.rows import Row

CLIENTS = 8
YOUNG, GROWN, OLD = 100_000, 1_000_000, 10_000_000


def measure(bench: Bench) -> Iterator[Row]:
    """Postings from Django, 8 clients, at a hundred thousand entries and at a million (ten with full=1)."""
    found = wallets(bench)
    given = {"first": found.first, "count": found.count}
    crew = bench.crew("posting:from_django", processes=CLIENTS, **given)
    grow(bench, found, YOUNG)
    young = bench.interleaved({"young": crew.run})["young"]
    entries = OLD if bench.full else GROWN
    grow(bench, found, entries)
    old = bench.interleaved({"old": crew.run})["old"]
    yield Row("posting_young_books", young, "postings/s", note=f"{YOUNG:,} entries")
    yield Row(
        "posting_grown_books",
        old,
        "postings/s",
        ratio_to_limit=old / young,
        goal=0.95,
        note=f"{entries:,} entries, beside {YOUNG:,}",
    )
