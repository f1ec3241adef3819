"""Killing parts with -9 while clients work, and bringing them back."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from wallet_site.local.postgres import Postgres

# A client's pause between two tries, and how long a strike waits to be noticed. Both end early, at the next sign.
PAUSE_SECONDS = 0.2
NOTICED_SECONDS = 1.5
STANDSTILL_SECONDS = 120.0


class Victim(Protocol):
    """Whatever can be killed and started. `start` returns when it is ready."""

    def kill(self) -> None: ...

    def start(self) -> None: ...


@dataclass
class Database:
    """PostgreSQL as a victim."""

    server: Postgres

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server.start()
        self.server.wait_until_ready()


@dataclass
class Progress:
    """What the clients have done so far; the one who kills goes by it."""

    answers: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    over: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def operation(self) -> Iterator[None]:
        """One operation from its first try to its final answer."""
        self._change(under_way=1)
        try:
            yield
        finally:
            self._change(under_way=-1, answers=1)

    def _change(self, *, under_way: int = 0, answers: int = 0) -> None:
        with self._changed:
            self.under_way += under_way
            self.answers += answers
            self._changed.notify_all()

    def fail(self, why: str) -> None:
        """A try without a final answer. Returns after a moment, or when somebody else has got an answer."""
        with self._changed:
            self.failures[why] += 1
            self._changed.notify_all()
            before = self.answers
            self._changed.wait_for(lambda: self.over or self.answers > before, timeout=PAUSE_SECONDS)

    def finish(self) -> None:
        """The clients are done."""
        with self._changed:
            self.over = True
            self._changed.notify_all()

    def until(self, answers: int) -> None:
        """Waits for so many answers in all, or for the end; a slow machine may take long, a standstill may not."""
        with self._changed:
            while not self.over and self.answers < answers:
                before = self.answers
                moved = self._changed.wait_for(
                    lambda before=before: self.over or self.answers > before, timeout=STANDSTILL_SECONDS
                )
                assert moved, (
                    f"no answer for {STANDSTILL_SECONDS:.0f} seconds, after {before}: {self.failures}"
                )

    def until_noticed(self) -> None:
        """Waits until clients have run into a strike; one that nobody notices, for a moment."""
        with self._changed:
            before = self.failures.total()
            self._changed.wait_for(
                lambda: self.over or self.failures.total() >= before + 3, timeout=NOTICED_SECONDS
            )


@dataclass(frozen=True)
class Strike:
    """After so many answers these are killed at once."""

    after_answers: int
    victims: tuple[str, ...]


def plan(chance: random.Random, kills: Mapping[str, int], *, last: int) -> list[Strike]:
    """All the kills, in pairs of two different ones now and then, at random moments up to the `last` answer."""
    order = [name for name, times in kills.items() for _ in range(times)]
    chance.shuffle(order)
    groups: list[tuple[str, ...]] = []
    for name in order:
        if groups and len(groups[-1]) == 1 and name not in groups[-1] and chance.random() < 0.3:
            groups[-1] += (name,)
        else:
            groups.append((name,))
    moments = sorted(chance.sample(range(5, last), len(groups)))
    return [Strike(moment, group) for moment, group in zip(moments, groups, strict=True)]


@dataclass
class Storm:
    """Carries a plan out. To be run from the main thread: a child started from another one ends with it."""

    victims: Mapping[str, Victim]
    progress: Progress
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    # Operations that were begun and not answered at the moment of a kill.
    caught: int = 0
    recovering_seconds: float = 0.0

    def rage(self, strikes: list[Strike], *, during: Callable[[], None]) -> None:
        """Strike by strike while `during` runs in a thread; everything is up at the end."""
        failed: list[BaseException] = []

        def work() -> None:
            try:
                during()
            except BaseException as error:  # noqa: BLE001  (raised again below, in the test's own thread)
                failed.append(error)
            finally:
                self.progress.finish()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for strike in strikes:
                self.progress.until(strike.after_answers)
                self._strike(strike)
        except BaseException:
            # Else the clients would go on asking a portal that nobody brings back.
            self.progress.finish()
            raise
        finally:
            thread.join()
        if failed:
            raise failed[0]

    def _strike(self, strike: Strike) -> None:
        self.caught += self.progress.under_way
        for name in strike.victims:
            self.victims[name].kill()
            self.kills[name] += 1
        self.progress.until_noticed()
        began = time.monotonic()
        for name in self.chance.sample(strike.victims, len(strike.victims)):
            self.victims[name].start()
        self.recovering_seconds += time.monotonic() - began
