"""Comparing a settlement file with the books: facts in, typed differences out. Nothing here asks a database.

A movement of money is known on both sides by what it is and the processor's reference of its charge. One line finds at
most one difference: a second line for the same movement is *double*, one that says something else than the books is
*altered*, one for a movement that an earlier file had to hold is *late*, one for nothing is *extra*. A movement that no
line speaks of is *missing*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from payments.models import DifferenceKind
from payments.models.settlement_files import MOVEMENTS
from payments.processors.base import LineKind, SettlementEntry

# What a processor may send beside movements of ours. Anything else is looked at by people.
NOT_OURS = (LineKind.PAYOUT, LineKind.FEE)


@dataclass(frozen=True, slots=True)
class Key:
    """What a movement is called on both sides."""

    movement: str
    reference: str


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement as the books have it; the amount as a file would say it: above zero, the processor owes us more."""

    key: Key
    top_up_id: int
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `number` is the line that shows it, None for a missing one; `movement` None for an extra one."""

    kind: DifferenceKind
    key: Key
    number: int | None
    movement: Movement | None


def compare(
    entries: Sequence[SettlementEntry],
    *,
    movements: Mapping[Key, Movement],
    earlier: Mapping[Key, Collection[SettlementEntry]],
    known_missing: Collection[Key],
    expected: Iterable[Movement],
    begins: datetime,
) -> list[Finding]:
    """Every difference between one file and the books.

    `movements`: what the books know of the file's references. `earlier`: the lines of earlier files about them.
    `known_missing`: what earlier files lacked. `expected`: movements that this file, if none before, has to hold;
    `begins`: when its day begins.
    """
    seen: dict[Key, list[SettlementEntry]] = {}
    findings = []
    for number, entry in enumerate(entries, 1):
        if entry.kind in NOT_OURS:
            continue
        key = Key(entry.kind.value, entry.reference)
        before = seen.setdefault(key, [])
        movement = movements.get(key)
        kind = _look_at(entry, movement, before, earlier.get(key, ()), key in known_missing, begins)
        before.append(entry)
        if kind is not None:
            findings.append(Finding(kind, key, number, None if kind == DifferenceKind.EXTRA else movement))
    return [*findings, *_missing(expected, {*seen, *earlier})]


def _look_at(
    entry: SettlementEntry,
    movement: Movement | None,
    before: Collection[SettlementEntry],
    earlier: Collection[SettlementEntry],
    was_missing: bool,
    begins: datetime,
) -> DifferenceKind | None:
    # A corrected file of the same day says again what the one before has said, as it was or put right.
    restated = not before and any(one.line_id == entry.line_id for one in earlier)
    if restated and entry in earlier:
        return None
    if movement is None or entry.kind.value not in MOVEMENTS:
        return DifferenceKind.EXTRA
    if before or (earlier and not restated):
        return DifferenceKind.DOUBLE
    if entry.currency != movement.currency:
        return DifferenceKind.ALTERED_CURRENCY
    if entry.amount_minor != movement.amount_minor:
        return DifferenceKind.ALTERED_AMOUNT
    return DifferenceKind.LATE if was_missing or entry.occurred_at < begins else None


def _missing(expected: Iterable[Movement], told: Collection[Key]) -> Iterator[Finding]:
    for movement in expected:
        if movement.key not in told:
            yield Finding(DifferenceKind.MISSING, movement.key, None, movement)
