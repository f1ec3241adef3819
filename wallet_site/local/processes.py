"""Child processes that end with us, and only when we mean it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BOUND = Path(__file__).with_name("bound.py")
POLL_SECONDS = 0.02


class LocalError(Exception):
    """Something a person can mend; its text is the one line they see."""


@dataclass(frozen=True)
class Account:
    """The unprivileged user that PostgreSQL, which refuses root, runs as."""

    uid: int
    gid: int

    @classmethod
    def current(cls) -> Account:
        return cls(os.getuid(), os.getgid())


def start(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    account: Account | None = None,
    output: int | IO[bytes] | None = None,
    ends_by: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Starts a command in a session of its own: a Ctrl-C in the terminal does not reach it, we decide who stops when.

    When this process dies, however it dies, the kernel sends the child `ends_by`. To be called from the main thread:
    the kernel watches the thread, not the process.
    """
    account = account or Account.current()
    bound = [sys.executable, "-I", "-S", str(BOUND), str(os.getpid()), str(int(ends_by))]
    return subprocess.Popen(
        [*bound, str(account.uid), str(account.gid), "--", *map(str, command)],
        env=None if environment is None else dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
    )


def stop(
    process: subprocess.Popen[bytes],
    *,
    by: signal.Signals = signal.SIGTERM,
    within_seconds: float = 10.0,
) -> None:
    """Asks a process to end and waits; past the time its whole session is killed. A process that has ended is fine."""
    if process.poll() is None:
        process.send_signal(by)
        try:
            process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            kill(process)
    kill_leftovers(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills a process and everything in its session with -9, and waits until it is gone."""
    kill_leftovers(process)
    if process.poll() is None:
        process.kill()
        process.wait()


def kill_leftovers(process: subprocess.Popen[bytes]) -> None:
    """Kills what a process that led a session has left in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def wait_until(
    condition: Callable[[], bool],
    *,
    within_seconds: float,
    otherwise: Callable[[], str],
    while_running: subprocess.Popen[bytes] | None = None,
) -> None:
    """Polls until the condition holds; raises `LocalError` with `otherwise()` past the time or when a process ends."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if while_running is not None and while_running.poll() is not None:
            raise LocalError(f"{otherwise()} (it ended with status {while_running.returncode})")
        if time.monotonic() > deadline:
            raise LocalError(f"{otherwise()} (waited {within_seconds:.0f} seconds)")
        time.sleep(POLL_SECONDS)
