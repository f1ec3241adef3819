"""Moments in words, in the desk's one time zone."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format


def moment(at: datetime | str) -> str:
    """ "2026-11-25 03:12" in Japan, of an aware moment or of its ISO text in frozen facts."""
    aware = datetime.fromisoformat(at) if isinstance(at, str) else at
    return date_format(timezone.localtime(aware), "Y-m-d H:i")
