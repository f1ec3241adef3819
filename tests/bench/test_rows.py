"""The figures' own rules: what counts as met, what is written, and that every measure can be run."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

from tests.bench.__main__ import MEASURES
from tests.bench.rows import Row, write


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("a", 10, "x/s"), None),
        (Row("a", 10, "x/s", goal=10), True),
        (Row("a", 10, "x/s", ratio_to_limit=0.5, goal=0.55), False),
        (Row("a", 10, "x/s", ratio_to_peer=7, goal=6), True),
        (Row("a", 10, "ms", ratio_to_random=1.3, goal=1.2, at_most=True), False),
        (Row("a", 10, "ms", ratio_to_random=1.1, goal=1.2, at_most=True), True),
    ],
)
def test_a_goal_is_held_against_the_ratio_or_else_the_value(row: Row, met: bool | None) -> None:
    assert row.met is met


def test_figures_of_measures_that_did_not_run_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    write(file, [Row("a", 1, "x/s"), Row("b", 2, "x/s")])
    write(file, [Row("b", 3, "x/s", ratio_to_limit=0.123456)])
    assert json.loads(file.read_text()) == [
        {"name": "a", "value": 1, "unit": "x/s"},
        {"name": "b", "value": 3, "unit": "x/s", "ratio_to_limit": 0.123},
    ]


@pytest.mark.parametrize("name", sorted(path.stem for path in MEASURES.glob("*.py")))
def test_every_measure_says_what_it_measures(name: str) -> None:
    module = import_module(f"tests.bench.measures.{name}")
    assert module.measure.__doc__.strip()


def test_times_that_are_alike_overlap_and_times_apart_do_not() -> None:
    from tests.bench.measures.account_timing import overlap_percent  # noqa: PLC0415 (after Django's set-up)

    assert overlap_percent([1, 2, 3], [1, 2, 3]) == 100
    assert overlap_percent([1, 2], [3, 4]) == overlap_percent([3, 4], [1, 2]) == 0
    assert overlap_percent([1, 3], [2, 2]) == 100
