"""PostgreSQL and Valkey for the local portal: ours, or those that were given; and commands that need them."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import redis

from wallet_site.local import environment, places, schema
from wallet_site.local.claims import AlreadyRuns, held_lock
from wallet_site.local.environment import Choice
from wallet_site.local.places import ROOT, Places
from wallet_site.local.postgres import OWNER, Postgres
from wallet_site.local.processes import LocalError
from wallet_site.local.valkey import Valkey


@dataclass
class Servers:
    """Our own PostgreSQL and Valkey; None for one that was given."""

    places: Places
    postgres: Postgres | None
    valkey: Valkey | None
    environment: dict[str, str]

    @classmethod
    def of(cls, choice: Choice) -> Servers:
        where = places.prepare(choice.data)
        postgres = valkey = None
        if not choice.database_url:
            binaries = places.postgres_binaries(where.data, where.account)
            postgres = Postgres(where.postgres_data, where.postgres_sockets, binaries, where.account)
        if not choice.redis_url:
            valkey = Valkey(where.valkey_data, where.valkey_socket)
        return cls(where, postgres, valkey, environment.for_parts(choice, where, postgres, valkey))

    def initialize(self) -> None:
        if self.postgres is not None:
            self.postgres.initialize()

    def wait_until_ready(self) -> None:
        if self.postgres is not None:
            self.postgres.wait_until_ready()
            self.postgres.create_roles_and_database()
        if self.valkey is not None:
            self.valkey.wait_until_ready()
        self._refuse_unreachable()

    def _refuse_unreachable(self) -> None:
        """Servers of one's own must answer, be new enough, and able to write down every name."""
        if self.postgres is None:
            try:
                with psycopg.connect(self.environment["DATABASE_URL"], connect_timeout=10) as connection:
                    version = connection.info.server_version
                    encoding = connection.info.parameter_status("server_encoding")
            except psycopg.OperationalError as error:
                raise LocalError(f"DATABASE_URL does not answer: {str(error).strip()}") from None
            if version < 150000:
                raise LocalError(f"DATABASE_URL is PostgreSQL {version // 10000}; 15 or newer is needed.")
            if encoding != "UTF8":
                raise LocalError(
                    f"The database of DATABASE_URL is encoded as {encoding}; names in Japanese need UTF8. Make it "
                    "anew: CREATE DATABASE wallet TEMPLATE template0 ENCODING 'UTF8' OWNER owner."
                )
        if self.valkey is None:
            try:
                with redis.Redis.from_url(self.environment["REDIS_URL"], socket_timeout=10) as client:
                    client.ping()
            except redis.RedisError as error:
                raise LocalError(f"REDIS_URL does not answer: {error}") from None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The servers alone, for a command."""
        self.initialize()
        try:
            for server in (self.postgres, self.valkey):
                if server is not None:
                    server.start()
            self.wait_until_ready()
            yield
        finally:
            for server in (self.valkey, self.postgres):
                if server is not None:
                    server.stop()


def with_servers(choice: Choice, command: list[str], *, as_owner: bool = False) -> int:
    """Runs a command against the portal's servers; starts them for as long as it takes when the portal is down."""
    with _servers_for_a_while(choice) as servers:
        return _in_terminal(command, servers.environment | (schema.AS_OWNER if as_owner else {}))


def psql(choice: Choice, role: str) -> int:
    """An SQL prompt as the given role."""
    with _servers_for_a_while(choice) as servers:
        if servers.postgres is not None:
            program, url = str(servers.postgres.binaries / "psql"), servers.postgres.url(role)
        else:
            program = shutil.which("psql") or ""
            url = servers.environment["DATABASE_OWNER_URL" if role == OWNER else "DATABASE_URL"]
        if not program:
            raise LocalError("DATABASE_URL is given and no psql is installed.")
        return _in_terminal([program, url], servers.environment)


@contextlib.contextmanager
def _servers_for_a_while(choice: Choice) -> Iterator[Servers]:
    with contextlib.ExitStack() as until_done:
        try:
            until_done.enter_context(held_lock(choice.data))
        except AlreadyRuns:
            yield Servers.of(choice)  # The servers of the running portal.
            return
        servers = Servers.of(choice)
        until_done.enter_context(servers.running())
        yield servers


def _in_terminal(command: list[str], variables: dict[str, str]) -> int:
    # Ctrl-C is the command's own affair; a handler of ours is not inherited by it, "ignore" would be.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
