"""What only one portal may have at a time: a data folder, a port."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from wallet_site.local import processes
from wallet_site.local.processes import LocalError

PORT_SECONDS = 3.0


class AlreadyRuns(LocalError):
    """Another process holds the data folder."""


@contextlib.contextmanager
def held_lock(data: Path) -> Iterator[None]:
    """Only one portal per data folder. The kernel lets go of the lock when the process dies, however it dies."""
    data.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(data / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise LocalError(
            f"{data} belongs to another user; start as that user or set DATA_DIR to another folder."
        ) from None
    try:
        _take(descriptor, data)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, data: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode().strip()
        raise AlreadyRuns(f"The portal runs already (process {holder}, data in {data}).") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())


def refuse_taken_port(port: int, variable: str) -> None:
    """Says so before anything starts: granian would only notice in a worker that ends again and again.

    A portal that was killed a moment ago may still be letting go of it, so it is asked for a short while.
    """
    processes.wait_until(
        lambda: _is_free(port, variable),
        within_seconds=PORT_SECONDS,
        otherwise=lambda: (
            f"Port {port} is in use by another program; stop it or set {variable} to another port"
        ),
    )


def _is_free(port: int, variable: str) -> bool:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except PermissionError:
            raise LocalError(f"Port {port} needs root; set {variable} to one above 1023.") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            # A machine without IPv6 cannot be asked about it.
    return True
