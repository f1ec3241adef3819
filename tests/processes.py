"""Real processes for tests: web server, worker, card processor. Each can be killed with -9 and started again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.servers import TestRun, log_file
from wallet_site.local import commands, places, processes
from wallet_site.local.pool import READY_FILE
from wallet_site.local.processes import LocalError

READY_SECONDS = 120.0
LOG_TAIL = 4_000


@dataclass
class Part:
    """One process on this run's servers, with the same command as `make run`. Its output goes to `log`."""

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], bool] = lambda: True
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Starts it unless it runs, and waits until it is ready."""
        if self.running:
            return
        output = log_file(self.log)
        try:
            self.process = processes.start(
                self.command, environment=os.environ | self.environment, folder=places.ROOT, output=output
            )
        finally:
            os.close(output)
        processes.wait_until(
            self.ready,
            within_seconds=READY_SECONDS,
            otherwise=lambda: f"{self.name} is not ready; it said:\n{self.said()}",
            while_running=self.process,
        )

    def stop(self) -> None:
        """As Ctrl-C does: it finishes what it has begun."""
        if self.process is not None:
            processes.stop(self.process, by=signal.SIGTERM, within_seconds=15)
            self.process = None

    def kill(self) -> None:
        """With -9, all its children too."""
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    def said(self) -> str:
        """The end of its output."""
        return self.log.read_text(errors="replace")[-LOG_TAIL:] if self.log.exists() else ""


@dataclass
class Worker:
    """A Celery worker on every queue, and beat. `kill()` and `start()` again is what an outage looks like."""

    worker: Part
    beat: Part
    ready_file: Path

    @classmethod
    def of(cls, run: TestRun) -> Worker:
        home = run.home.path
        ready = home / "worker-ready"
        worker = Part(
            "the worker", commands.worker(), home / "worker.log", ready.exists, {READY_FILE: str(ready)}
        )
        return cls(worker, Part("beat", commands.beat(home / "beat"), home / "beat.log"), ready)

    @property
    def running(self) -> bool:
        return self.worker.running

    def start(self) -> None:
        # Beat has nothing to wait for, so both come up side by side.
        self.beat.start()
        if not self.worker.running:
            self.ready_file.unlink(missing_ok=True)
            self.worker.start()

    def stop(self) -> None:
        self.beat.stop()
        self.worker.stop()

    def kill(self) -> None:
        self.beat.kill()
        self.worker.kill()

    def said(self) -> str:
        return self.worker.said() + self.beat.said()


@dataclass
class Portal(Part):
    """The portal behind granian at `url`, serving this run's database."""

    url: str = ""

    @classmethod
    def of(cls, run: TestRun) -> Portal:
        url = os.environ["PUBLIC_URL"]
        return cls(
            "the portal",
            commands.web(run.portal_port),
            run.home.path / "web.log",
            answers(f"{url}/livez"),
            url=url,
        )


@dataclass
class Sandbox(Part):
    """The pretend card processor at `url`, with a memory of its own in `data`."""

    url: str = ""
    data: Path = Path()

    @classmethod
    def of(cls, run: TestRun) -> Sandbox:
        url, data = os.environ["SANDBOX_URL"], run.home.path / "sandbox"
        command = commands.sandbox(port=run.sandbox_port, data=data, portal_url=os.environ["PUBLIC_URL"])
        log = run.home.path / "sandbox.log"
        return cls("the sandbox processor", command, log, answers(url), url=url, data=data)

    def reissue_cards(self) -> None:
        """Every test number is a card that it sees for the first time; what is linked stays linked."""
        answer = httpx.post(
            f"{self.url}/v1/test_helpers/cards/reissue",
            headers={"Authorization": f"Bearer {os.environ['SANDBOX_API_KEY']}"},
            timeout=20,
            trust_env=False,
        )
        answer.raise_for_status()


def answers(url: str) -> Callable[[], bool]:
    """Whether something answers HTTP there, whatever it says."""

    def ask() -> bool:
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            return False
        return True

    return ask


__all__ = ["LocalError", "Part", "Portal", "Sandbox", "Worker"]
