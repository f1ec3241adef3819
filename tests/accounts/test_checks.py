"""What an operator gets wrong is said with what to do about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage
from pytest_django.fixtures import Settings

from accounts import checks
from tests.people import make_customer


def ids(found: list[CheckMessage]) -> list[str | None]:
    assert all(one.hint for one in found)
    return [one.id for one in found]


def test_placeholders_in_notices_are_named(settings: Settings) -> None:
    settings.SUPPORT_PHONE = "0120-000-000"
    settings.DEFAULT_FROM_EMAIL = "Kakehashi <notice@kakehashi.example.com>"
    assert ids(checks.notices_name_real_places()) == ["accounts.W001", "accounts.W002"]
    settings.SUPPORT_PHONE = "03-1234-5678"
    settings.DEFAULT_FROM_EMAIL = "Kakehashi <notice@kakehashi.jp>"
    assert checks.notices_name_real_places() == []


@pytest.mark.requirement(11)
@pytest.mark.django_db(transaction=True)
def test_a_lost_key_is_found_and_a_rotated_one_is_none(settings: Settings) -> None:
    make_customer("aya")
    assert checks.seeds_can_be_decrypted(databases=["default"]) == []
    before = list(settings.FIELD_ENCRYPTION_KEYS)
    fresh = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [fresh]
    assert ids(checks.seeds_can_be_decrypted(databases=["default"])) == ["accounts.E001"]
    settings.FIELD_ENCRYPTION_KEYS = [fresh, *before]
    assert checks.seeds_can_be_decrypted(databases=["default"]) == []


@pytest.mark.requirement(32)
@pytest.mark.requirement(36)
@pytest.mark.parametrize("name", ["STEP_UP_FRESH", "CUSTOMER_SESSION_IDLE", "STAFF_SESSION_TOTAL"])
def test_times_may_only_be_stricter(name: str, settings: Settings) -> None:
    assert checks.sessions_count_as_proven_no_longer_than_they_may() == []
    setattr(settings, name, getattr(settings, name) + timedelta(seconds=1))
    assert ids(checks.sessions_count_as_proven_no_longer_than_they_may()) == ["accounts.E002"]
