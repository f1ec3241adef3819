"""A date is read the same way by everybody, wherever it is shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation
from django.utils.formats import date_format

MOMENT = datetime(2026, 4, 5, 7, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "name", "shown"),
    [
        ("en", "DATE_FORMAT", "5 Apr 2026"),
        ("en", "SHORT_DATE_FORMAT", "5 Apr 2026"),
        ("en", "DATETIME_FORMAT", "5 Apr 2026, 07:08"),
        ("en", "SHORT_DATETIME_FORMAT", "5 Apr 2026, 07:08"),
        ("en", "MONTH_DAY_FORMAT", "5 Apr"),
        ("en", "TIME_FORMAT", "07:08"),
        ("ja", "DATE_FORMAT", "2026年4月5日"),
        ("ja", "SHORT_DATE_FORMAT", "2026年4月5日"),
        ("ja", "DATETIME_FORMAT", "2026年4月5日 7:08"),
        ("ja", "SHORT_DATETIME_FORMAT", "2026年4月5日 7:08"),
        ("ja", "MONTH_DAY_FORMAT", "4月5日"),
        ("ja", "TIME_FORMAT", "7:08"),
    ],
)
def test_no_date_can_be_read_the_other_way_round(language: str, name: str, shown: str) -> None:
    with translation.override(language):
        assert date_format(MOMENT, name) == shown
