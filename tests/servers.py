"""The servers behind a test run: PostgreSQL and Valkey of its own, one of each for every xdist worker.

Migrating is done once: a template cluster rests in `.data/tests`, named by the content of everything that migrates.
A run copies it and starts a server on the copy, so that a test may kill its PostgreSQL or Valkey without touching a
neighbour. With `DATABASE_URL` or `REDIS_URL` set those servers are used instead: the role of `DATABASE_URL` must be
allowed to create roles and databases, and databases 8 to 15 of the Redis are emptied.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import redis
from cryptography.fernet import Fernet
from psycopg import sql

from wallet_site.local import places, schema
from wallet_site.local.postgres import APPLICATION, FAST_SETTINGS, OWNER, Postgres
from wallet_site.local.processes import Account, LocalError
from wallet_site.local.valkey import Valkey

ROOT = places.ROOT
HOME_PREFIX = "kakehashi-test-"
TEMPLATES_KEPT = 3
FIRST_GIVEN_REDIS_DATABASE = 8
# What an xdist worker inherits from the process that started it: whether servers were given, not which were started.
GIVEN = "KAKEHASHI_TESTS_GIVEN"


@dataclass
class Home:
    """A folder of this process alone, short enough for sockets, gone at the end (or swept up by a later run)."""

    path: Path
    _lock: int = field(repr=False, default=-1)

    @classmethod
    def make(cls) -> Home:
        cls.sweep()
        # Under a name that nobody sweeps until it is locked.
        fresh = Path(tempfile.mkdtemp(prefix="fresh-" + HOME_PREFIX, dir="/tmp"))
        lock = os.open(fresh / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(fresh.rename(fresh.with_name(fresh.name.removeprefix("fresh-"))), lock)

    @staticmethod
    def sweep() -> None:
        """Removes what runs that were killed have left; a folder in use is locked."""
        for path in Path("/tmp").glob(HOME_PREFIX + "*"):
            with contextlib.suppress(OSError), (path / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


@dataclass
class GivenDatabase:
    """A database of our own on the server that `DATABASE_URL` names, with an owner and an application role."""

    administrator_url: str
    name: str = field(default_factory=lambda: f"kakehashi_test_{secrets.token_hex(4)}")
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def url(self, role: str = APPLICATION) -> str:
        where = urlsplit(self.administrator_url)
        server = where.netloc.rpartition("@")[2]
        query = f"?{where.query}" if where.query else ""
        return f"postgresql://{self._role(role)}:{quote(self.password, safe='')}@{server}/{self.name}{query}"

    def _role(self, role: str) -> str:
        return f"{self.name}_{role.removeprefix('kakehashi_')}"

    def start(self) -> None:
        with psycopg.connect(self.administrator_url, autocommit=True) as connection:
            for role in (OWNER, APPLICATION):
                name = sql.Identifier(self._role(role))
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, self.password))
            owner = sql.Identifier(self._role(OWNER))
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(self.name), owner)
            )
        migrate(self.url(APPLICATION), self.url(OWNER))

    def stop(self) -> None:
        with psycopg.connect(self.administrator_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name)))
            for role in (OWNER, APPLICATION):
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(self._role(role))))


@dataclass
class OwnDatabase:
    """A PostgreSQL of this process alone, started on a copy of the template cluster."""

    home: Home
    server: Postgres = field(init=False)

    def __post_init__(self) -> None:
        self.home.path.chmod(0o711)
        account = places.postgres_account()
        sockets = places.own_folder(self.home.path / "postgres", account)
        self.server = Postgres(
            self.home.path / "data", sockets, binaries_folder(account), account, settings=FAST_SETTINGS
        )

    def url(self, role: str = APPLICATION) -> str:
        return self.server.url(role)

    def start(self) -> None:
        template = template_cluster()
        subprocess.run(["cp", "-a", "--reflink=auto", template, self.server.data], check=True)
        self.server.start(output=log_file(self.home.path / "postgres.log"))
        self.server.wait_until_ready()

    def stop(self) -> None:
        # What it knows is thrown away in a moment: no need to wait for a clean end.
        self.server.kill()


def log_file(path: Path) -> int:
    """A file descriptor for a child's output; the child keeps it, this process ends soon enough."""
    return os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)


@cache
def binaries_folder(account: Account) -> Path:
    return places.prepare(tests_folder(), runtime=tests_folder() / "run").postgres_binaries


def tests_folder() -> Path:
    folder = ROOT / ".data" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def template_cluster() -> Path:
    """The migrated cluster that runs copy; made by the first run that needs it, the others wait."""
    with (tests_folder() / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        where = places.prepare(tests_folder(), runtime=tests_folder() / "run")
        template = where.postgres_data.with_name(f"template-{schema.digest()}")
        if not template.exists():
            _build_template(template, where)
            _forget_old_templates(template.parent)
        os.utime(template)
        return template


def _build_template(template: Path, where: places.Places) -> None:
    unfinished = template.with_name("template-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="kakehashi-template-", dir="/tmp") as sockets:
        os.chown(sockets, where.account.uid, where.account.gid)
        server = Postgres(
            unfinished, Path(sockets), where.postgres_binaries, where.account, settings=FAST_SETTINGS
        )
        server.initialize()
        server.start()
        try:
            server.wait_until_ready()
            server.create_roles_and_database()
            migrate(server.url(APPLICATION), server.url(OWNER))
        finally:
            server.stop()
    unfinished.rename(template)


def _forget_old_templates(folder: Path) -> None:
    templates = sorted(folder.glob("template-*[0-9a-f]"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in templates[TEMPLATES_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def migrate(application_url: str, owner_url: str) -> None:
    """Migrates as the owner and gives the application's role its rights, as production does."""
    environment = os.environ | {"DATABASE_URL": application_url, "DATABASE_OWNER_URL": owner_url}
    for command in schema.COMMANDS:
        done = subprocess.run(
            command, cwd=ROOT, env=environment | schema.AS_OWNER, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise LocalError(f"{' '.join(command[1:])} failed:\n{done.stdout}{done.stderr}")


@dataclass
class Cache:
    """The Valkey of this process; with `REDIS_URL` given two databases of that server."""

    home: Home
    given: str = ""
    index: int = 0
    server: Valkey | None = None

    def __post_init__(self) -> None:
        if not self.given:
            data = places.own_folder(self.home.path / "valkey")
            self.server = Valkey(data, data / "valkey.sock")

    def url(self) -> str:
        return self.server.url(0) if self.server else self._given_url(0)

    def broker_url(self) -> str:
        return self.server.broker_url(1) if self.server else self._given_url(1)

    def _given_url(self, which: int) -> str:
        number = FIRST_GIVEN_REDIS_DATABASE + 2 * (self.index % 4) + which
        return urlsplit(self.given)._replace(path=f"/{number}").geturl()

    def start(self) -> None:
        if self.server:
            self.server.start(output=log_file(self.home.path / "valkey.log"))
            self.server.wait_until_ready()
        for which in (0, 1) if not self.server else ():
            with redis.Redis.from_url(self._given_url(which)) as client:
                client.flushdb()

    def stop(self) -> None:
        if self.server:
            self.server.kill()


@dataclass
class TestRun:
    """Everything one pytest process stands on. `environment` is what it and every child of it read."""

    home: Home
    database: OwnDatabase | GivenDatabase
    cache: Cache
    portal_port: int
    sandbox_port: int
    _database_started: bool = False

    __test__ = False

    @classmethod
    def prepare(cls) -> TestRun:
        """Chooses places and ports and sets the environment; starts nothing yet."""
        given = os.environ.setdefault(
            GIVEN, f"{os.environ.get('DATABASE_URL', '')} {os.environ.get('REDIS_URL', '')}"
        )
        database_url, redis_url = given.split(" ", 1)
        home = Home.make()
        index = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw") or 0)
        run = cls(
            home=home,
            database=GivenDatabase(database_url) if database_url else OwnDatabase(home),
            cache=Cache(home, redis_url, index),
            portal_port=free_port(),
            sandbox_port=free_port(),
        )
        os.environ.update(run.environment())
        return run

    def environment(self) -> dict[str, str]:
        data = self.home.path / "portal"
        for name in ("mail", "static"):
            (data / name).mkdir(parents=True, exist_ok=True)
        return {
            "DJANGO_SETTINGS_MODULE": "wallet_site.settings",
            "KAKEHASHI_MODE": "test",
            # What a killed worker had in its hands comes back soon enough for a test.
            "OUTBOX_LEASE_SECONDS": "5",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LOOKUP_KEY": secrets.token_urlsafe(48),
            "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "SANDBOX_API_KEY": secrets.token_urlsafe(32),
            "SANDBOX_WEBHOOK_SECRET": secrets.token_urlsafe(32),
            "DATABASE_URL": self.database.url(APPLICATION),
            "DATABASE_OWNER_URL": self.database.url(OWNER),
            "REDIS_URL": self.cache.url(),
            "CELERY_BROKER_URL": self.cache.broker_url(),
            "DATA_DIR": str(data),
            "STATIC_ROOT": str(data / "static"),
            "CELERY_SKIP_CHECKS": "true",
            "PUBLIC_URL": f"http://localhost:{self.portal_port}",
            "SANDBOX_URL": f"http://localhost:{self.sandbox_port}",
        }

    def start_cache(self) -> None:
        self.cache.start()

    def start_database(self) -> None:
        """Started by the first test that touches the database."""
        if not self._database_started:
            self.database.start()
            self._database_started = True

    def stop(self) -> None:
        if self._database_started:
            self.database.stop()
        self.cache.stop()
        self.home.remove()


@cache
def this_run() -> TestRun:
    """The one run of this process."""
    return TestRun.prepare()


def free_port() -> int:
    """A port nobody listens on, outside the range that outgoing connections are given."""
    for _ in range(200):
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise LocalError("no free port between 20000 and 32000")
