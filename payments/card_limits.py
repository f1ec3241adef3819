"""How much may be topped up now: pure functions over facts that were read under the wallet's lock.

The rules are in force order (law and product, age of account and card, cool-off, the customer's own); the first one
that an amount passes refuses it and says when it ends. Amounts are minor units. Days and months are Tokyo's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from payments.days import day_begins, next_month_begins


class Rule(StrEnum):
    """Which limit. Stable: part of the API's refusals."""

    PER_CHARGE = "per-charge"
    WALLET_BALANCE = "wallet-balance"
    PER_DAY = "per-day"
    PER_MONTH = "per-month"
    NEW_ACCOUNT_PER_DAY = "new-account-per-day"
    NEW_CARD_PER_DAY = "new-card-per-day"
    COOL_OFF_PER_DAY = "cool-off-per-day"
    OWN_PER_DAY = "own-per-day"


@dataclass(frozen=True, slots=True)
class Step:
    """Up to this age, at most so much a day."""

    younger_than: timedelta
    per_day: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds, from the settings."""

    minimum: int
    per_charge: int
    per_day: int
    per_month: int
    wallet_balance: int
    account_steps: Sequence[Step]
    card_steps: Sequence[Step]
    cool_off_per_day: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one customer and one card at `now`. Sums hold every top-up that did not fail."""

    now: datetime
    balance: int
    on_its_way: int
    charged_today: int
    charged_this_month: int
    card_charged_today: int
    account_opened_at: datetime
    card_linked_at: datetime
    cool_off_until: datetime | None
    # The customer's own limit a day, as it is in force.
    own_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit as it stands. `ends_at`: when it begins anew, grows or falls away; None when it does so by no clock."""

    rule: Rule
    cap: int
    used: int
    ends_at: datetime | None

    @property
    def left(self) -> int:
        """What may still be topped up under this limit alone."""
        return max(0, self.cap - self.used)


def limits(facts: Facts, rules: Rules) -> list[Limit]:
    """Every limit that is in force, in force order."""
    tomorrow = day_begins(facts.now) + timedelta(days=1)
    found = [
        Limit(Rule.PER_CHARGE, rules.per_charge, 0, None),
        Limit(Rule.WALLET_BALANCE, rules.wallet_balance, facts.balance + facts.on_its_way, None),
        Limit(Rule.PER_DAY, rules.per_day, facts.charged_today, tomorrow),
        Limit(Rule.PER_MONTH, rules.per_month, facts.charged_this_month, next_month_begins(facts.now)),
    ]
    for rule, born, steps, used in (
        (Rule.NEW_ACCOUNT_PER_DAY, facts.account_opened_at, rules.account_steps, facts.charged_today),
        (Rule.NEW_CARD_PER_DAY, facts.card_linked_at, rules.card_steps, facts.card_charged_today),
    ):
        step = step_at(facts.now - born, steps)
        if step is not None:
            found.append(Limit(rule, step.per_day, used, min(tomorrow, born + step.younger_than)))
    if facts.cool_off_until is not None and facts.cool_off_until > facts.now:
        ends_at = min(tomorrow, facts.cool_off_until)
        found.append(Limit(Rule.COOL_OFF_PER_DAY, rules.cool_off_per_day, facts.charged_today, ends_at))
    if facts.own_per_day is not None:
        found.append(Limit(Rule.OWN_PER_DAY, facts.own_per_day, facts.charged_today, tomorrow))
    return found


def step_at(age: timedelta, steps: Sequence[Step]) -> Step | None:
    """The step that something of this age is on; None when it has outgrown them all."""
    return next((step for step in steps if age < step.younger_than), None)


def refusal(amount: int, facts: Facts, rules: Rules) -> Limit | None:
    """The first limit that an amount would pass; None when it passes none."""
    return next((limit for limit in limits(facts, rules) if amount > limit.left), None)


def most(facts: Facts, rules: Rules) -> int:
    """The largest amount that no limit refuses now; 0 when nothing at all is possible."""
    return min(limit.left for limit in limits(facts, rules))
