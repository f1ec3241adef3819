"""Ties a process to the life of its parent: `python -I -S bound.py <parent> <signal> <uid> <gid> -- command ...`.

A supervisor that is killed with -9 cannot stop anything any more, so the kernel does it: PR_SET_PDEATHSIG. Changing
the user clears that setting, so it is made after the change and survives the exec that follows. It does not reach
grandchildren: granian's workers and Celery's pool call `die_with_parent` themselves when they start.

Nothing but the standard library here: this file runs before any package is on the path.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """From now on this process gets the signal when the thread that started it ends.

    `parent` is the process known to be the parent; when it is gone already, this process ends at once.
    """
    expected = os.getppid() if parent is None else parent
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != expected:
        os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    parent, signal_number, uid, gid, separator, *command = arguments
    if separator != "--" or not command:
        raise SystemExit("usage: bound.py <parent> <signal> <uid> <gid> -- command ...")
    if int(uid) != os.getuid():
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    die_with_parent(int(signal_number), parent=int(parent))
    os.execvp(command[0], command)  # noqa: S606 (no shell wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
