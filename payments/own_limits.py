"""The limits that customers set for themselves, as they are in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from payments import limits
from payments.models import OwnLimit

# How long a higher limit waits; a trigger holds to it.
LOOSENS_AFTER = timedelta(hours=24)
Kind = OwnLimit.Kind


def ceiling(kind: OwnLimit.Kind) -> int:
    """What the portal itself allows a grown-up account: a limit of one's own lies at most there."""
    return {
        Kind.PER_PAYMENT: limits.RULES.per_payment,
        Kind.PER_DAY: limits.RULES.per_day,
        Kind.TOP_UP: settings.TOP_UP_PER_DAY,
        Kind.SENDING: settings.SEND_PER_DAY,
        Kind.CONFIRM: limits.RULES.per_payment,
    }[kind]


def default(kind: OwnLimit.Kind) -> int:
    """What holds for somebody who has set nothing: the portal's own limit, or when the till asks."""
    return limits.CONFIRM_ABOVE if kind is Kind.CONFIRM else ceiling(kind)


@dataclass(frozen=True, slots=True)
class Standing:
    """One limit as its customer sees it. `own` None: none of their own; `next_at` None: nothing waits."""

    kind: OwnLimit.Kind
    own: int | None
    next_own: int | None
    next_at: datetime | None

    @property
    def amount(self) -> int:
        """What holds now."""
        return default(self.kind) if self.own is None else self.own

    @property
    def next_amount(self) -> int:
        """What will hold from `next_at` on."""
        return default(self.kind) if self.next_own is None else self.next_own

    @property
    def ceiling(self) -> int:
        """The most that can be set."""
        return ceiling(self.kind)


def standings(user_id: int, *, now: datetime | None = None) -> list[Standing]:
    """Every kind, set or not, in the order of the page. One query."""
    rows = {row.kind: row for row in OwnLimit.objects.filter(user_id=user_id)}
    return [_standing(kind, rows.get(kind), now or timezone.now()) for kind in Kind]


def standing(user_id: int, kind: OwnLimit.Kind) -> Standing:
    """One of them."""
    return _standing(kind, OwnLimit.objects.filter(user_id=user_id, kind=kind).first(), timezone.now())


def _standing(kind: OwnLimit.Kind, row: OwnLimit | None, now: datetime) -> Standing:
    if row is None:
        return Standing(kind, None, None, None)
    if row.next_at is not None and row.next_at <= now:
        return Standing(kind, row.next_amount, None, None)
    return Standing(kind, row.amount, row.next_amount, row.next_at)


def in_force(user_id: int, *, now: datetime | None = None) -> dict[OwnLimit.Kind, int]:
    """The limits of their own that a customer has. One query."""
    found = standings(user_id, now=now)
    return {one.kind: one.own for one in found if one.own is not None}
