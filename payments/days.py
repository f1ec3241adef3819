"""Days and months as money counts them: Tokyo's, whatever zone the reader or the server is in."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")


def day_begins(moment: datetime) -> datetime:
    """The last midnight in Tokyo."""
    return datetime.combine(moment.astimezone(TOKYO).date(), time(), TOKYO)


def month_begins(moment: datetime) -> datetime:
    """Midnight in Tokyo of the month's first day."""
    return day_begins(moment).replace(day=1)


def next_month_begins(moment: datetime) -> datetime:
    """Midnight in Tokyo of the next month's first day."""
    return (month_begins(moment) + timedelta(days=32)).replace(day=1)
