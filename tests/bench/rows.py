"""What a bench says: rows with a value and what it is beside a limit, a peer or random access."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RATIOS = ("ratio_to_limit", "ratio_to_peer", "ratio_to_random")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. A ratio stands where it applies; `goal` is the ratio (or else the value) to reach.

    `at_most`: the goal is met from above, as with times. `note` says what a reader must know to trust the figure.
    """

    name: str
    value: float
    unit: str
    ratio_to_limit: float | None = None
    ratio_to_peer: float | None = None
    ratio_to_random: float | None = None
    goal: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def judged(self) -> float:
        """What the goal is held against."""
        return next((ratio for name in RATIOS if (ratio := getattr(self, name)) is not None), self.value)

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.judged <= self.goal if self.at_most else self.judged >= self.goal

    def as_json(self) -> dict[str, object]:
        """Without what does not apply."""
        facts = {key: value for key, value in asdict(self).items() if value not in (None, "", False)}
        for name in ("value", *RATIOS):
            if name in facts:
                facts[name] = round(facts[name], 3)
        return facts | ({} if self.met is None else {"met": self.met})


def line(row: Row) -> str:
    """One row as printed."""
    ratios = "".join(
        "         " if ratio is None else f"{ratio:>9.2f}"
        for ratio in (getattr(row, name) for name in RATIOS)
    )
    goal = (
        ""
        if row.goal is None
        else f"{'<=' if row.at_most else '>='} {row.goal:g} {'' if row.met else 'MISSED'}"
    )
    return f"{row.name:<34}{row.value:>12,.1f} {row.unit:<12}{ratios}  {goal:<16}{row.note}".rstrip()


HEADER = f"{'':<34}{'':>12} {'':<12}{'of limit':>9}{'of peer':>9}{'of random':>9}"[:96] + "  goal"


def write(path: Path, rows: Sequence[Row]) -> None:
    """All rows; those of measures that did not run this time are kept."""
    fresh = {row.name: row.as_json() for row in rows}
    kept = json.loads(path.read_text()) if path.exists() else []
    merged = {row["name"]: row for row in kept} | fresh
    path.write_text(json.dumps(list(merged.values()), indent=1, ensure_ascii=False) + "\n")
