"""Half a year of a fictitious customer's money: invented here, the same each time; `backdating` writes it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

DAYS = 183
# When people buy: hour of the day in Tokyo, and how often.
_HOURS = (7, 8, 12, 12, 13, 15, 18, 19, 20, 21)
_TOP_UPS = (3_000, 5_000, 10_000, 20_000)
_SMALLEST, _LARGEST = 118, 6_400


@dataclass(frozen=True, slots=True)
class Movement:
    """One thing that happened to a wallet. `number` tells the customer's movements apart; amounts are yen."""

    number: int
    kind: Literal["top_up", "payment", "refund"]
    at: datetime
    amount: int
    terminal: int = 0
    refund_of: int = 0


def movements(email: str, *, monthly: int, terminals: Sequence[int], until: datetime) -> list[Movement]:
    """What one customer did in the half year before `until`, in order; the wallet never falls below zero.

    About `monthly` yen are spent a month, in the stores of `terminals`; the card fills the wallet up when it runs low,
    and one purchase in forty comes back.
    """
    chance = random.Random(email)  # noqa: S311  (a story, no secret)
    return list(_numbered(_story(chance, monthly, terminals, until)))


def _numbered(story: Iterator[Movement]) -> Iterator[Movement]:
    numbers: dict[tuple[str, datetime], int] = {}
    for number, one in enumerate(sorted(story, key=lambda movement: movement.at), start=1):
        numbers[one.kind, one.at] = number
        paid = numbers.get(("payment", one.at - _REFUND_AFTER), 0) if one.kind == "refund" else 0
        yield Movement(number, one.kind, one.at, one.amount, one.terminal, paid)


_REFUND_AFTER = timedelta(hours=26)


def _story(
    chance: random.Random, monthly: int, terminals: Sequence[int], until: datetime
) -> Iterator[Movement]:
    balance = 0
    usual = chance.sample(list(terminals), k=min(4, len(terminals)))
    typical = monthly / 22
    begins = (until - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(DAYS - 1):
        if chance.random() > 22 / 30:
            continue
        bought_at = begins + timedelta(
            days=day, hours=chance.choice(_HOURS), minutes=chance.randrange(60), seconds=chance.randrange(60)
        )
        amount = int(min(_LARGEST, max(_SMALLEST, chance.lognormvariate(0, 0.6) * typical)))
        if balance < amount + 300:
            charged = next(step for step in _TOP_UPS if step >= min(amount * 3, _TOP_UPS[-1]))
            balance += charged
            yield Movement(0, "top_up", bought_at - timedelta(minutes=chance.randrange(3, 90)), charged)
        balance -= amount
        terminal = chance.choice(usual)
        yield Movement(0, "payment", bought_at, amount, terminal)
        if chance.random() < 1 / 40 and bought_at + _REFUND_AFTER < until:
            yield Movement(0, "refund", bought_at + _REFUND_AFTER, amount, terminal)
