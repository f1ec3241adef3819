"""What an operator gets wrong about the database's roles is said with what to do about it."""

from __future__ import annotations

import psycopg
import pytest
from django.core.checks import CheckMessage
from django.db import DatabaseError, connection
from pytest_django.fixtures import Settings

from wallet_site import checks

APPLICATION = "postgresql://application:x@db.example.com/wallet"


def ids(found: list[CheckMessage]) -> list[str | None]:
    assert all(one.hint for one in found)
    return [one.id for one in found]


@pytest.fixture
def production(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As an operator runs it: `DATABASE_URL` is the application's role."""
    settings.PRODUCTION = True
    settings.DATABASE_APP_ROLE = "application"
    monkeypatch.setenv("DATABASE_URL", APPLICATION)
    monkeypatch.setitem(settings.DATABASES["default"], "USER", "application")
    return settings


@pytest.mark.parametrize("owner_url", ["", APPLICATION])
def test_one_role_for_both_is_named(
    owner_url: str, production: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", owner_url)
    assert ids(checks.application_role_is_not_the_owner()) == ["wallet_site.W001"]
    monkeypatch.setenv("DATABASE_OWNER_URL", APPLICATION.replace("application", "owner"))
    assert checks.application_role_is_not_the_owner() == []


class Role:
    """The database as another role sees it."""

    def __init__(self, session: psycopg.Connection) -> None:
        self.cursor = session.cursor


@pytest.mark.requirement(42)
@pytest.mark.django_db
def test_a_role_that_owns_the_tables_or_is_a_superuser_is_an_error(
    production: Settings, owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks.database_role_is_no_master(databases=["default"]) == []

    monkeypatch.setattr(checks, "connection", Role(owner_connection))
    found = checks.database_role_is_no_master(databases=["default"])

    assert ids(found) == ["wallet_site.E001"]
    assert "owns tables" in str(found[0].msg)


@pytest.mark.django_db
def test_a_database_that_cannot_hold_every_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.database_writes_every_name(databases=["default"]) == []
    assert checks.database_writes_every_name() == []

    # As a database answers that was made under LANG=C.
    monkeypatch.setattr(checks, "_ENCODING", "SELECT 'SQL_ASCII'")
    found = checks.database_writes_every_name(databases=["default"])

    assert ids(found) == ["wallet_site.E002"]
    assert "SQL_ASCII" in str(found[0].msg)


def test_it_asks_no_database_unasked_and_leaves_other_faults_to_others(
    production: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(connection, "cursor", away)
    assert checks.database_role_is_no_master() == []
    assert checks.database_role_is_no_master(databases=["default"]) == []
