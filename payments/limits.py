"""How much may be spent now: pure functions over facts. Amounts are minor units, days are Tokyo's.

The rules are in force order (law and product, age of the account, cool-off after a credential change, the
customer's own); together they
give two numbers, which the database holds to while it has the day's row locked. Top-ups have theirs in `card_limits`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from payments.days import day_begins


class Rule(StrEnum):
    """Which limit. Stable: part of the API's answers."""

    PER_PAYMENT = "per-payment"
    PER_DAY = "per-day"
    NEW_ACCOUNT = "new-account-per-day"
    COOL_OFF = "cool-off-per-day"
    OWN_PER_PAYMENT = "own-per-payment"
    OWN_PER_DAY = "own-per-day"


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds. A young account and one whose credentials have just changed buy an attacker little."""

    per_payment: int = 100_000
    per_day: int = 200_000
    new_account_for: timedelta = timedelta(days=7)
    new_account_per_day: int = 50_000
    cool_off_per_day: int = 20_000


RULES = Rules()
# Above this the till asks the customer to confirm amount and store (requirement 36), until they choose another amount.
# The database says the same: `payments_confirm_above()`.
CONFIRM_ABOVE = 50_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one customer at `now`."""

    now: datetime
    account_opened_at: datetime
    spent_today: int
    cool_off_until: datetime | None
    # The customer's own, as they are in force; at a payment the database reads them itself.
    own_per_payment: int | None = None
    own_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit as it stands. `ends_at`: when it begins anew or falls away; None when it does so by no clock."""

    rule: Rule
    cap: int
    used: int
    ends_at: datetime | None

    @property
    def left(self) -> int:
        """What may still be spent under this limit alone."""
        return max(0, self.cap - self.used)


def limits(facts: Facts, rules: Rules = RULES) -> list[Limit]:
    """Every limit that is in force, in force order."""
    tomorrow = day_begins(facts.now) + timedelta(days=1)
    found = [
        Limit(Rule.PER_PAYMENT, rules.per_payment, 0, None),
        Limit(Rule.PER_DAY, rules.per_day, facts.spent_today, tomorrow),
    ]
    grown_up_at = facts.account_opened_at + rules.new_account_for
    if facts.now < grown_up_at:
        ends_at = min(tomorrow, grown_up_at)
        found.append(Limit(Rule.NEW_ACCOUNT, rules.new_account_per_day, facts.spent_today, ends_at))
    if facts.cool_off_until is not None and facts.now < facts.cool_off_until:
        ends_at = min(tomorrow, facts.cool_off_until)
        found.append(Limit(Rule.COOL_OFF, rules.cool_off_per_day, facts.spent_today, ends_at))
    if facts.own_per_payment is not None:
        found.append(Limit(Rule.OWN_PER_PAYMENT, facts.own_per_payment, 0, None))
    if facts.own_per_day is not None:
        found.append(Limit(Rule.OWN_PER_DAY, facts.own_per_day, facts.spent_today, tomorrow))
    return found


_OF_ONE_PAYMENT = (Rule.PER_PAYMENT, Rule.OWN_PER_PAYMENT)


@dataclass(frozen=True, slots=True)
class Caps:
    """What the database enforces: the most for one payment and for the day as a whole."""

    per_payment: int
    per_day: int


def caps(facts: Facts, rules: Rules = RULES) -> Caps:
    """The tightest of the limits in force."""
    found = limits(facts, rules)
    return Caps(
        per_payment=min(limit.cap for limit in found),
        per_day=min(limit.cap for limit in found if limit.rule not in _OF_ONE_PAYMENT),
    )


def refusal(amount: int, facts: Facts, rules: Rules = RULES) -> Limit | None:
    """The first limit that an amount would pass; None when it passes none."""
    return next((limit for limit in limits(facts, rules) if amount > limit.left), None)


def most(facts: Facts, rules: Rules = RULES) -> int:
    """The largest payment that no limit refuses now."""
    return min(limit.left for limit in limits(facts, rules))
