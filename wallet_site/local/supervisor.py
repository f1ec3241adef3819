"""Keeps the parts of the portal alive: starts them, shows what they say, restarts what dies, stops all in order.

One thread and no library: a loop over the parts' output and over signals. The kernel ends every part when this
process dies without stopping them (see `bound`); a part's own children end with it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from wallet_site.local import processes
from wallet_site.local.places import ROOT
from wallet_site.local.processes import LocalError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A part that has ended three times before the portal stood will not come: its own words say why.
LONGEST_PAUSE_AT_START_SECONDS = 4.0
HEALTHY_SECONDS = 30.0
TURN_SECONDS = 0.1
NAME_WIDTH = 8


class Stopped(Exception):
    """Ctrl-C or a signal asked for the end."""


@dataclass
class Part:
    """One process of the portal. `start` gets the output's file descriptor; `stop_by` asks it to end."""

    name: str
    start: Callable[[int], subprocess.Popen[bytes]]
    stop_by: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    start_again_at: float | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


def command_part(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Part:
    """A part that is one command in the root of the checkout."""
    return Part(
        name, lambda output: processes.start(command, environment=environment, folder=ROOT, output=output)
    )


class Supervisor:
    """Owns the parts from `add` to `stop_all`. Not reentrant, main thread only."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._selector = selectors.DefaultSelector()
        self._rests: dict[int, bytes] = {}
        self._asked_to_stop = 0
        self._wake, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake, selectors.EVENT_READ, None)

    def listen_to_signals(self) -> None:
        for number in STOP_SIGNALS:
            # `nohup` stays what it is. An ignored SIGINT is only what a script's `&` leaves behind.
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked_to_stop += 1

    def say(self, line: str, name: str = "portal") -> None:
        try:
            print(f"{name:<{NAME_WIDTH}} | {line}", flush=True)
        except BrokenPipeError:
            # Whoever listened has gone (`make run | head`): as good as a Ctrl-C.
            self._asked_to_stop = self._asked_to_stop or 1

    # --- starting ----------------------------------------------------------------------------------------------

    def add(self, part: Part) -> Part:
        """Starts a part and keeps it running from now on."""
        self.parts.append(part)
        self._start(part)
        return part

    def _start(self, part: Part) -> None:
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            part.process = part.start(writing)
        finally:
            os.close(writing)
        part.started_at, part.start_again_at = time.monotonic(), None
        os.set_blocking(reading, False)
        self._selector.register(reading, selectors.EVENT_READ, part.name)

    def run_job(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """Runs a command to its end and returns its lines; raises `LocalError` when it fails."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            process = processes.start(command, environment=environment, folder=ROOT, output=writing)
        finally:
            os.close(writing)
        with os.fdopen(reading, "rb") as output:
            os.set_blocking(reading, False)
            said = b""
            try:
                while process.poll() is None:
                    said += output.read() or b""
                    self.turn()
                said += output.read() or b""
            finally:
                processes.kill(process)
        lines = said.decode(errors="replace").splitlines()
        if process.returncode != 0:
            raise LocalError("\n".join([f"{name} failed:", *lines]))
        return lines

    def wait_until(self, condition: Callable[[], bool], *, within_seconds: float, otherwise: str) -> None:
        """Keeps everything going until the condition holds."""
        deadline = time.monotonic() + within_seconds
        while not condition():
            for part in self.parts:
                if part.pause > LONGEST_PAUSE_AT_START_SECONDS:
                    raise LocalError(f"{otherwise} {part.name} ended again and again.")
            if time.monotonic() > deadline:
                raise LocalError(otherwise)
            self.turn()

    # --- running -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Until somebody asks for the end."""
        while True:
            self.turn(seconds=1.0)

    def turn(self, *, seconds: float = TURN_SECONDS) -> None:
        """One look at everything; raises `Stopped` when the end was asked for."""
        self._show_output(seconds)
        for part in self.parts:
            self._mend(part)
        if self._asked_to_stop:
            raise Stopped

    def _mend(self, part: Part) -> None:
        now = time.monotonic()
        if part.running or part.process is None:
            return
        if part.start_again_at is None:
            processes.kill_leftovers(part.process)
            if now - part.started_at > HEALTHY_SECONDS:
                part.pause = FIRST_PAUSE_SECONDS
            part.start_again_at = now + part.pause
            self.say(
                f"{part.name} ended ({_how(part.process.returncode)}); starting it again in {part.pause:.0f} s"
            )
            part.pause = min(part.pause * 2, LONGEST_PAUSE_SECONDS)
        elif now >= part.start_again_at:
            self._start(part)

    def _show_output(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 1024)
                continue
            self._show_output_of(key.fd, key.data)

    def _show_output_of(self, descriptor: int, name: str) -> None:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        *lines, rest = (self._rests.pop(descriptor, b"") + data).split(b"\n")
        if data:
            self._rests[descriptor] = rest
        else:
            self._selector.unregister(descriptor)
            os.close(descriptor)
            lines += [rest] if rest else []
        for line in lines:
            self.say(line.decode(errors="replace").rstrip(), name)

    # --- stopping ----------------------------------------------------------------------------------------------

    def stop_all(self, groups: Iterable[Sequence[str]]) -> None:
        """Stops the parts group by group; a second Ctrl-C kills what is left."""
        before = self._asked_to_stop
        for names in groups:
            group = [part for part in self.parts if part.name in names]
            for part in group:
                if part.running and part.process is not None:
                    part.process.send_signal(part.stop_by)
            deadline = time.monotonic() + 15
            while any(part.running for part in group):
                if time.monotonic() > deadline or self._asked_to_stop > before:
                    break
                self._show_output(TURN_SECONDS)
            for part in group:
                if part.process is not None:
                    processes.kill(part.process)
        self._show_output(0)


def _how(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"status {status}"


def complain(error: LocalError) -> int:
    print(f"portal: {error}", file=sys.stderr, flush=True)
    return 1
