"""Midnight is Tokyo's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from payments.days import TOKYO, day_begins, month_begins, next_month_begins


def test_days_and_months_are_tokyos() -> None:
    just_before = datetime(2026, 12, 31, 14, 59, 59, tzinfo=UTC)
    just_after = just_before + timedelta(seconds=1)
    assert day_begins(just_before) == datetime(2026, 12, 31, tzinfo=TOKYO)
    assert day_begins(just_after) == datetime(2027, 1, 1, tzinfo=TOKYO)
    assert month_begins(just_before) == datetime(2026, 12, 1, tzinfo=TOKYO)
    assert next_month_begins(just_before) == month_begins(just_after) == datetime(2027, 1, 1, tzinfo=TOKYO)
