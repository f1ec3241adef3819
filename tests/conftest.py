"""Fixtures for everything real: database, Valkey, worker, portal, card processor, browser.

The tests' own connection is the application's role, so its grants are proven by every test. Nothing is ever flushed:
the tables of record refuse TRUNCATE. A test that commits (`transactional_db`, `@pytest.mark.django_db(transaction=
True)`) leaves what it did and makes fresh people, so it may assume nothing about how many rows there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import psycopg
import pytest

from tests.servers import OwnDatabase, this_run
from wallet_site.local.postgres import OWNER, Postgres
from wallet_site.local.valkey import Valkey

# The settings are read from the environment that this makes; whatever imports models comes after.
RUN = this_run()

import django  # noqa: E402

django.setup()

from django.db import connections  # noqa: E402
from django.test import TransactionTestCase  # noqa: E402

from tests.processes import Portal, Sandbox, Worker  # noqa: E402

pytest_plugins = ["tests.browser"]


def pytest_configure(config: pytest.Config) -> None:
    # How long one example takes says more about the neighbours on this machine than about the code.
    hypothesis.settings.register_profile("suite", deadline=None, print_blob=True)
    hypothesis.settings.load_profile("suite")
    TransactionTestCase._fixture_teardown = lambda self: None  # type: ignore[method-assign]


def pytest_sessionstart(session: pytest.Session) -> None:
    if _is_controller(session.config):
        # The workers it starts now read their own settings: from the environment that their own run makes.
        os.environ.pop("DJANGO_SETTINGS_MODULE")
    else:
        RUN.start_cache()


def pytest_unconfigure(config: pytest.Config) -> None:
    RUN.stop()


def _is_controller(config: pytest.Config) -> bool:
    """The process that only hands tests out to xdist's workers needs no servers."""
    return "PYTEST_XDIST_WORKER" not in os.environ and bool(config.getoption("numprocesses", None))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker) -> Iterator[None]:
    """Our migrated database, in place of the one Django would make and flush."""
    with django_db_blocker.unblock():
        RUN.start_database()
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def owner_connection(django_db_setup: None) -> Iterator[psycopg.Connection]:
    """The owner of the tables, in autocommit: for what the application's role may not do. Not rolled back."""
    with psycopg.connect(RUN.database.url(OWNER), autocommit=True) as connection:
        yield connection


@pytest.fixture
def application_connection(django_db_setup: None) -> Iterator[psycopg.Connection]:
    """A second session of the application's role, in autocommit: for races and for what psql would do."""
    with psycopg.connect(RUN.database.url(), autocommit=True) as connection:
        yield connection


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """The Valkey under cache, limits and broker: `kill()` it; it is back for the next test."""
    if RUN.cache.server is None:
        pytest.skip("REDIS_URL is given: that server is not ours to kill")
    yield RUN.cache.server
    if RUN.cache.server.process is None:
        RUN.cache.start()


@pytest.fixture
def postgres(transactional_db: None) -> Iterator[Postgres]:
    """The PostgreSQL under everything: `kill()`, `start()` and `wait_until_ready()`; back for the next test."""
    if not isinstance(RUN.database, OwnDatabase):
        pytest.skip("DATABASE_URL is given: that server is not ours to kill")
    server = RUN.database.server
    yield server
    if server.process is None or server.process.poll() is not None:
        server.start()
    server.wait_until_ready()
    connections.close_all()


@pytest.fixture(scope="session")
def _worker_process() -> Iterator[Worker]:
    worker = Worker.of(RUN)
    yield worker
    worker.kill()


@pytest.fixture
def worker(_worker_process: Worker, transactional_db: None) -> Worker:
    """A real Celery worker and beat on this run's database; `kill()` and `start()` as an outage does."""
    _worker_process.start()
    return _worker_process


@pytest.fixture
def no_worker(_worker_process: Worker) -> None:
    """Nobody but the test itself sends what is owed: a worker that an earlier test started is gone."""
    _worker_process.kill()


@pytest.fixture(scope="session")
def _sandbox_process() -> Iterator[Sandbox]:
    sandbox = Sandbox.of(RUN)
    yield sandbox
    sandbox.kill()


@pytest.fixture
def sandbox_processor(_sandbox_process: Sandbox) -> Sandbox:
    """The pretend card processor at `url`."""
    _sandbox_process.start()
    return _sandbox_process


@pytest.fixture
def new_cards(_sandbox_process: Sandbox) -> Sandbox:
    """The card processor with new cards: for tests that link a test number through its page, without its harness."""
    _sandbox_process.start()
    _sandbox_process.reissue_cards()
    return _sandbox_process


@pytest.fixture(scope="session")
def _portal_process() -> Iterator[Portal]:
    portal = Portal.of(RUN)
    yield portal
    portal.kill()


@pytest.fixture
def no_portal(_portal_process: Portal) -> None:
    """Nobody answers at the portal's address."""
    _portal_process.kill()


@pytest.fixture
def live_portal(_portal_process: Portal, transactional_db: None) -> Portal:
    """The portal behind granian at `url`, on this run's database: what a test commits is what it shows."""
    _portal_process.start()
    return _portal_process
