"""The fixtures of the suite themselves."""

from __future__ import annotations

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection
from playwright.sync_api import Page

from tests.processes import Portal, Sandbox, Worker
from tests.servers import log_file, this_run
from wallet_site.local.postgres import Postgres
from wallet_site.local.valkey import Valkey

RUN = this_run()


def asked(connection: psycopg.Connection, question: str) -> object:
    row = connection.execute(question).fetchone()
    return row[0] if row else None


@pytest.mark.django_db
def test_tests_run_as_the_application_which_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
            " (SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user)"
        )
        user, is_superuser, owned = cursor.fetchone()

    assert user.endswith("app")
    assert not is_superuser
    assert owned == 0


def test_the_owner_is_another_role(owner_connection: psycopg.Connection) -> None:
    assert str(asked(owner_connection, "SELECT current_user")).endswith("owner")


def test_valkey_comes_back_after_a_kill(valkey: Valkey) -> None:
    cache.set("plumbing", 1)
    valkey.kill()
    valkey.start()
    valkey.wait_until_ready()

    cache.set("plumbing", 2)

    assert cache.get("plumbing") == 2


def test_postgres_keeps_what_it_acknowledged_when_killed(postgres: Postgres) -> None:
    with postgres.connect() as session:
        session.execute("CREATE TABLE IF NOT EXISTS plumbing (n int)")
        session.execute("INSERT INTO plumbing VALUES (1)")

    postgres.kill()
    postgres.start()
    postgres.wait_until_ready()

    with postgres.connect() as session:
        assert asked(session, "SELECT count(*) FROM plumbing") == 1


def test_waiting_for_a_recovery_asks_nothing_that_is_refused(
    postgres: Postgres, no_worker: None, no_portal: None
) -> None:
    """Nobody else is there to ask: a worker that an earlier test has left would, and be refused."""
    log = RUN.home.path / "postgres.log"
    postgres.kill()
    before = log.stat().st_size
    postgres.start(output=log_file(log))
    postgres.wait_until_ready()

    assert "starting up" not in log.read_text()[before:]
    assert "not yet accepting" not in log.read_text()[before:]


def test_the_worker_can_be_killed_and_started_again(worker: Worker) -> None:
    worker.kill()
    assert not worker.running

    worker.start()

    assert worker.running


def test_the_portal_answers(live_portal: Portal) -> None:
    assert live_portal.running


def test_the_sandbox_answers(sandbox_processor: Sandbox) -> None:
    assert sandbox_processor.running


def test_the_browser_shows_a_page_in_japanese(page: Page) -> None:
    response = page.goto("/")

    assert response is not None
    assert response.ok
    assert page.locator("html").get_attribute("lang") == "ja"


def test_the_phone_is_narrow(phone: Page) -> None:
    phone.goto("/")

    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
