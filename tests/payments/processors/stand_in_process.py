"""`python stand_in_process.py FOLDER --port N`: localstripe as a process of its own, on loopback alone.

By itself it listens on all interfaces and keeps its state in /tmp for whoever comes next. It is run as `python -m`
would, never imported by anything of ours.
"""

from __future__ import annotations

import builtins
import runpy
import socket
import sys
from pathlib import Path
from typing import Any

STATE = "/tmp/localstripe.pickle"  # its own choice, which is what is redirected here
EVERYWHERE = "::"


class Loopback(socket.socket):
    """A socket that would listen everywhere listens on 127.0.0.1."""

    def __init__(self, family: int = -1, *more: Any, **named: Any) -> None:
        super().__init__(socket.AF_INET if family == socket.AF_INET6 else family, *more, **named)

    def bind(self, address: Any) -> None:
        super().bind(("127.0.0.1", address[1]) if address[0] == EVERYWHERE else address)


def keep_state_in(folder: Path) -> None:
    """What it opens for its state is opened in `folder`."""
    original = builtins.open
    own = folder / "state.pickle"

    def opened(file: Any, *more: Any, **named: Any) -> Any:
        return original(own if file == STATE else file, *more, **named)

    builtins.open = opened


if __name__ == "__main__":
    keep_state_in(Path(sys.argv.pop(1)))
    socket.socket = Loopback  # type: ignore[misc]
    runpy.run_module("localstripe", run_name="__main__", alter_sys=True)
