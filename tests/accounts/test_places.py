"""Roughly where a network is: from a file, in the reader's language, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import translation

from accounts.checks import places_can_be_read
from accounts.places import place_of
from tests.accounts.places_file import TOKYO, write_places


@pytest.mark.requirement(33)
def test_a_place_is_named_in_the_readers_language_and_only_where_it_is_known(tmp_path: Path) -> None:
    file = write_places(tmp_path / "places.mmdb", "203.0.113.0/24", TOKYO)
    with override_settings(PLACES_DATABASE=str(file)):
        with translation.override("en"):
            assert place_of("203.0.113.77") == "Tokyo, Japan"
        with translation.override("ja"):
            assert place_of("203.0.113.77") == "日本 東京都"
        for unknown in ("203.0.114.1", "2001:db8::1", "", None, "nonsense"):
            assert place_of(unknown) == ""
        assert places_can_be_read() == []
    with override_settings(PLACES_DATABASE=""):
        assert place_of("203.0.113.77") == ""


def test_a_file_that_cannot_be_read_is_said_by_a_check_and_leaves_places_blank(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"not a database")
    for path in (broken, tmp_path / "missing.mmdb"):
        with override_settings(PLACES_DATABASE=str(path)):
            assert [one.id for one in places_can_be_read()] == ["accounts.E003"]
            assert place_of("203.0.113.77") == ""
