"""Money that moved on earlier days: posted as always, then set back by the owner, whom alone the books obey in this."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

import psycopg
from django.utils import timezone

from payments.days import TOKYO, day_begins


def days_ago(days: int) -> date:
    """A day in Tokyo."""
    return (day_begins(timezone.now()) - timedelta(days=days)).date()


def at_noon(day: date, minute: int = 0) -> datetime:
    """In Tokyo."""
    return datetime.combine(day, time(12, minute), TOKYO)


def set_back(owner: psycopg.Connection, journals: Iterable[int | None], at: datetime) -> None:
    """Say that these journals happened then. Of one account the later ones must not come before the earlier."""
    with owner.transaction():
        owner.execute("ALTER TABLE payments_journal DISABLE TRIGGER append_only")
        owner.execute(
            "UPDATE payments_journal SET occurred_at = %s WHERE id = ANY (%s)", [at, list(journals)]
        )
        owner.execute("ALTER TABLE payments_journal ENABLE TRIGGER append_only")
