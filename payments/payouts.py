"""How a wallet's balance goes back to its customer when it closes: pure arithmetic over facts.

What can be cashed goes to the cards that it was topped up from, the newest charge first, each at most by what it was
charged and only while its processor still takes a refund. The rest is owed by the desk. Goodwill is never cashable and
lapses; compensation is not cashed by the customer alone either, but people at the desk decide about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge that can still be refunded, in minor units."""

    top_up_id: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a balance goes. All in minor units; together they are the balance."""

    to_cards: tuple[Charge, ...]
    to_desk_minor: int
    compensation_minor: int
    lapses_minor: int

    @property
    def to_cards_minor(self) -> int:
        return sum(charge.amount_minor for charge in self.to_cards)

    @property
    def claims_minor(self) -> int:
        """What is still owed to the customer once the wallet is empty."""
        return self.to_cards_minor + self.to_desk_minor + self.compensation_minor


def plan(
    balance_minor: int, *, goodwill_left_minor: int, compensated_minor: int, charges: Sequence[Charge]
) -> Plan:
    """Part a balance. `goodwill_left_minor` is what of it is compensation or goodwill, `compensated_minor` all
    compensation that the wallet ever got: goodwill counts as spent first. `charges` come newest first."""
    tied = min(goodwill_left_minor, balance_minor)
    compensation = min(tied, max(0, compensated_minor))
    left = balance_minor - tied
    to_cards = []
    for charge in charges:
        part = min(left, charge.amount_minor)
        if part <= 0:
            break
        to_cards.append(Charge(charge.top_up_id, part))
        left -= part
    return Plan(tuple(to_cards), left, compensation, tied - compensation)
