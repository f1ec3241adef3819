"""How much may be sent to others now: pure functions over facts. Amounts are minor units, days and months Tokyo's.

In force order: law and product, age of the account, cool-off after a credential change, the customer's own. The wallet
that receives has no cap here: to refuse by it would tell the sender what somebody else has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from payments.days import day_begins, next_month_begins


class Rule(StrEnum):
    """Which limit. Stable: part of the API's answers."""

    PER_SEND = "per-send"
    PER_DAY = "sending-per-day"
    PER_MONTH = "sending-per-month"
    NEW_ACCOUNT = "new-account-sending-per-day"
    COOL_OFF = "cool-off-sending-per-day"
    OWN = "own-sending-per-day"


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds, from the settings."""

    per_send: int
    per_day: int
    per_month: int
    new_account_for: timedelta
    new_account_per_day: int
    cool_off_per_day: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one customer at `now`. `own`: their own limit a day, as it is in force."""

    now: datetime
    account_opened_at: datetime
    sent_today: int
    sent_this_month: int
    cool_off_until: datetime | None
    own: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit as it stands. `ends_at`: when it begins anew or falls away; None when it does so by no clock."""

    rule: Rule
    cap: int
    used: int
    ends_at: datetime | None

    @property
    def left(self) -> int:
        """What may still be sent under this limit alone."""
        return max(0, self.cap - self.used)


def limits(facts: Facts, rules: Rules) -> list[Limit]:
    """Every limit that is in force, in force order."""
    tomorrow = day_begins(facts.now) + timedelta(days=1)
    found = [
        Limit(Rule.PER_SEND, rules.per_send, 0, None),
        Limit(Rule.PER_DAY, rules.per_day, facts.sent_today, tomorrow),
        Limit(Rule.PER_MONTH, rules.per_month, facts.sent_this_month, next_month_begins(facts.now)),
    ]
    grown_up_at = facts.account_opened_at + rules.new_account_for
    if facts.now < grown_up_at:
        ends_at = min(tomorrow, grown_up_at)
        found.append(Limit(Rule.NEW_ACCOUNT, rules.new_account_per_day, facts.sent_today, ends_at))
    if facts.cool_off_until is not None and facts.now < facts.cool_off_until:
        ends_at = min(tomorrow, facts.cool_off_until)
        found.append(Limit(Rule.COOL_OFF, rules.cool_off_per_day, facts.sent_today, ends_at))
    if facts.own is not None:
        found.append(Limit(Rule.OWN, facts.own, facts.sent_today, tomorrow))
    return found


@dataclass(frozen=True, slots=True)
class Caps:
    """What the database enforces while it has the counters' rows locked."""

    per_send: int
    per_day: int
    per_month: int


def caps(facts: Facts, rules: Rules) -> Caps:
    """The tightest of the limits in force, by what each counts."""
    found = limits(facts, rules)
    by_day = [limit.cap for limit in found if limit.rule not in (Rule.PER_SEND, Rule.PER_MONTH)]
    return Caps(per_send=rules.per_send, per_day=min(by_day), per_month=rules.per_month)


def refusal(amount: int, facts: Facts, rules: Rules) -> Limit | None:
    """The first limit that an amount would pass; None when it passes none."""
    return next((limit for limit in limits(facts, rules) if amount > limit.left), None)


def most(facts: Facts, rules: Rules) -> int:
    """The largest amount that no limit refuses now."""
    return min(limit.left for limit in limits(facts, rules))
