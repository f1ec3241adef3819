"""A page of history: the last five of very many entries, beside the last five of five."""

from __future__ import annotations

from collections.abc import Iterator

from payments import queries
from tests.bench.accounts import deepen, wallets
from tests.bench.bench import Bench
from tests.bench.crew import Work
from tests.bench.rows import Row

FEW, MANY, VERY_MANY = 5, 100_000, 1_000_000


def measure(bench: Bench) -> Iterator[Row]:
    """Pages of five entries as the activity reads them, one client: of five entries, at the end and deep in many."""
    found = wallets(bench)
    many = VERY_MANY if bench.full else MANY
    # The wallets' own first entry is one of the five.
    deepen(bench, found.first, found.first + 1, FEW - 1)
    deepen(bench, found.first + 2, found.first + 3, many)
    rates = bench.interleaved(
        {
            "few": bench.crew("history:pages", processes=1, wallet=found.first).run,
            "many": bench.crew("history:pages", processes=1, wallet=found.first + 2).run,
            "deep": bench.crew("history:pages", processes=1, wallet=found.first + 2, before=many // 2).run,
        }
    )
    few = 1000 / rates["few"]
    yield Row("history_page_few", few, "ms", note=f"{FEW} entries")
    for name, way, said in (
        ("history_page", "many", f"newest of {many:,} entries"),
        ("history_page_deep", "deep", f"half-way down {many:,} entries"),
    ):
        took = 1000 / rates[way]
        yield Row(name, took, "ms", ratio_to_limit=took / few, goal=1.2, at_most=True, note=said)


def pages(number: int, wallet: int, before: int | None = None) -> Work:
    """The page's one query, with everything that its lines say."""

    def work() -> None:
        page = queries.entries_page(wallet, before=before, size=FEW)
        if len(page.entries) != FEW:
            raise RuntimeError("a page of the bench is not full")

    return work
