"""Closing months: one statement for each wallet, in batches, again and again without harm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from django.utils import timezone

from payments import posting
from payments.days import month_begins
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

WALLETS_AT_ONCE: Final = 1_000
# The month that ended last, and the one before it for a portal that was down over its end.
_MONTHS: Final = 2


def ended_months(count: int) -> list[date]:
    """The first days of the months that ended last in Tokyo, the oldest first."""
    begins = month_begins(timezone.now())
    found = []
    for _month in range(count):
        begins = month_begins(begins - timedelta(days=1))
        found.append(begins.date())
    return found[::-1]


def make_statements(actor: Actor, *, months: Sequence[date] = ()) -> int:
    """Make the statements of `months` (the last two that ended) for every wallet that has none. Returns how many.

    Each batch of wallets is a transaction of its own: a run that was killed is finished by the next.
    """
    return sum(_close(month, actor) for month in months or ended_months(_MONTHS))


def _close(month: date, actor: Actor) -> int:
    made, after = 0, 0
    while True:
        with recorded(actor):
            count, last = posting.make_statements(month, after=after, count=WALLETS_AT_ONCE)
            if count:
                record("clock:statements:made", actor=actor, data={"month": f"{month:%Y-%m}", "count": count})
        if last is None:
            return made
        made, after = made + count, last
