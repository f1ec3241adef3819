"""`make run`'s supervisor with the real portal under it: starting, refusing, mending, ending."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.servers import Home, OwnDatabase, free_port, template_cluster, this_run
from wallet_site.local import places, schema
from wallet_site.local.memory import Memory, name_of
from wallet_site.local.postgres import OWNER, Postgres
from wallet_site.local.processes import wait_until

RUN = this_run()
pytestmark = pytest.mark.xdist_group("portal")
STANDS = "Ctrl-C stops everything"
START_SECONDS = 120
END_SECONDS = 20


class Portal:
    """`python -m wallet_site.local run` on a data folder and ports of its own."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data, self.port, self.sandbox_port = data, free_port(), free_port()
        # A neighbour of the tests' own servers, not a part of this run.
        inherited = {name: value for name, value in os.environ.items() if name not in RUN.environment()}
        self.environment = inherited | {
            "DATA_DIR": str(data),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            **environment,
        }
        self.log = data.with_suffix(f".{self.port}.log")
        self.process: subprocess.Popen[bytes] | None = None
        self.seen: list[psutil.Process] = []

    def begin(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wallet_site.local", "run"],
                cwd=places.ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def start(self) -> Portal:
        """Until it stands, with all that it should have."""
        process = self.begin()
        wait_until(
            lambda: STANDS in self.said() and self.is_complete(),
            within_seconds=START_SECONDS,
            otherwise=lambda: f"the portal does not stand:\n{self.said()}",
            while_running=process,
        )
        self.seen = self.family()
        return self

    def is_complete(self) -> bool:
        """Whether the web worker and Celery's pool of two have been forked too."""
        return len(self.part("granian").children()) >= 1 and len(self.part("worker").children()) >= 2

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """The supervisor and everything under it, granian's and Celery's children included."""
        assert self.process is not None
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def part(self, word: str) -> psutil.Process:
        """The direct child whose command holds the word."""
        return next(child for child in psutil.Process(self.process.pid).children() if word in child.cmdline())

    def end(self, signal_number: int = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(signal_number)
        return self.process.wait(END_SECONDS)

    def survivors(self) -> list[psutil.Process]:
        return [process for process in self.seen if lives(process)]

    def expect_no_survivors(self) -> None:
        wait_until(
            lambda: not self.survivors(),
            within_seconds=END_SECONDS,
            otherwise=lambda: f"still there: {[process.cmdline() for process in self.survivors()]}",
        )

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://localhost:{self.port}/livez", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder like that of a portal that ran before: migrated and seeded. As root it is out of nobody's reach."""
    folder = tmp_path / "data"
    where = places.prepare(folder)
    subprocess.run(["cp", "-a", template_cluster(), where.postgres_data], check=True)
    memory = Memory(folder / "state.json")
    memory.keep("schema", "own", schema.digest())
    memory.keep("seeded", "own", "yes")
    yield folder
    for path in {where.postgres_data.parent, where.runtime} - {folder}:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def make_portal(data: Path) -> Iterator[Callable[..., Portal]]:
    made: list[Portal] = []

    def make(**environment: str) -> Portal:
        made.append(Portal(data, **environment))
        return made[-1]

    yield make
    for portal in made:
        if portal.process is not None and portal.process.poll() is None:
            portal.process.kill()
            portal.process.wait()


def test_it_serves_mends_refuses_a_second_start_and_ends_with_ctrl_c(make_portal) -> None:
    portal = make_portal().start()
    assert portal.answers()

    second = make_portal()
    assert second.begin().wait(START_SECONDS) == 1
    assert f"The portal runs already (process {portal.process.pid}" in second.said()
    assert second.said().count("\n") == 1

    web = portal.part("granian")
    workers = web.children()
    web.kill()
    wait_until(
        lambda: not any(lives(process) for process in [web, *workers]) and portal.answers(),
        within_seconds=START_SECONDS,
        otherwise=portal.said,
    )
    assert "web ended (killed by SIGKILL); starting it again in 1 s" in portal.said()

    portal.seen = portal.family()
    assert portal.end() == 0
    assert portal.survivors() == []
    assert "stopped; the data is kept" in portal.said()


def test_nothing_survives_when_the_supervisor_is_killed_and_the_next_start_recovers(make_portal) -> None:
    portal = make_portal().start()
    portal.process.kill()
    portal.process.wait()
    portal.expect_no_survivors()

    again = make_portal().start()

    assert again.answers()
    assert again.end(signal.SIGTERM) == 0
    assert again.survivors() == []


def test_grandchildren_end_too_when_all_who_could_end_them_are_killed_at_once(make_portal) -> None:
    portal = make_portal().start()
    parents = [portal.process, portal.part("granian"), portal.part("worker"), portal.part("beat")]
    grandchildren = [child for parent in parents[1:] for child in parent.children()]
    assert len(grandchildren) >= 3

    for parent in parents:
        parent.kill()

    portal.process.wait()
    portal.expect_no_survivors()


def test_a_port_in_use_is_named_before_anything_starts(make_portal) -> None:
    portal = make_portal()
    with socket.create_server(("127.0.0.1", portal.port)):
        assert portal.begin().wait(START_SECONDS) == 1

    assert portal.said() == (
        f"Port {portal.port} is in use by another program; stop it or set PORT to another port"
        " (waited 3 seconds)\n"
    )


@pytest.fixture
def given_database(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL that somebody else runs."""
    home = Home.make()
    database = OwnDatabase(home)
    database.start()
    yield database.server
    database.stop()
    home.remove()


def test_given_servers_are_used_and_none_is_started(make_portal, given_database: Postgres) -> None:
    url = given_database.url(OWNER)
    portal = make_portal(DATABASE_URL=url, REDIS_URL=RUN.cache.url())
    Memory(portal.data / "state.json").keep("seeded", name_of(url), "yes")

    portal.start()

    assert portal.answers()
    assert not [process for process in portal.family() if process.name() in {"postgres", "valkey-server"}]
    assert portal.end() == 0
    assert url not in (portal.data / "state.json").read_text()


def test_a_given_server_that_does_not_answer_is_named(make_portal) -> None:
    port = free_port()
    portal = make_portal(
        DATABASE_URL=f"postgresql://someone@127.0.0.1:{port}/wallet", REDIS_URL=RUN.cache.url()
    )

    assert portal.begin().wait(START_SECONDS) == 1

    assert portal.said().startswith("DATABASE_URL does not answer: ")
    assert "someone" not in portal.said()
