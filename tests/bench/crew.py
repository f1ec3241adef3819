"""Clients in processes of their own, that do one thing as often as they can when they are told to.

    crew = bench.crew("posting:from_django", processes=8, threads=1, accounts=10_000)
    per_second = crew.run(3.0)

`posting:from_django` names a function of `tests.bench.measures.posting`. It is called once in every thread, with the
keyword arguments and the thread's `number` (0, 1, ...), and gives back the work: a function without arguments that is
called again and again. Another `python` (a peer's, in an environment of its own) runs a script that speaks the same.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from wallet_site.local import places, processes

Work = Callable[[], object]
# All begin at one moment of the machine's clock, when the slowest has heard of it.
HEAD_START_SECONDS = 0.15


@dataclass
class Crew:
    """Processes that wait for "run". `close` ends them."""

    members: list[subprocess.Popen[bytes]]

    @classmethod
    def hired(
        cls, work: str, *, count: int, threads: int, arguments: dict[str, Any], python: str = sys.executable
    ) -> Crew:
        """`work` is "module:function" of the measures, or the path of a script for another python."""
        if work.endswith(".py"):
            command = [python, work, json.dumps(arguments)]
        else:
            command = [python, "-m", "tests.bench.crew", work, str(threads), json.dumps(arguments)]
        members = [_start([*command, str(number)]) for number in range(count)]
        crew = cls(members)
        try:
            for member in members:
                crew._hear(member)
        except BaseException:
            crew.close()
            raise
        return crew

    def run(self, seconds: float) -> float:
        """Everybody works for so long at the same time. Returns the work done a second, by all together."""
        begin = time.monotonic() + HEAD_START_SECONDS
        for member in self.members:
            _pipe(member.stdin).write(f"{begin} {seconds}\n".encode())
            _pipe(member.stdin).flush()
        return sum(float(self._hear(member)) for member in self.members)

    def close(self) -> None:
        for member in self.members:
            processes.kill(member)

    @staticmethod
    def _hear(member: subprocess.Popen[bytes]) -> str:
        said = _pipe(member.stdout).readline().decode()
        if not said:
            raise RuntimeError(f"a client of the bench ended; see above ({member.args!r})")
        return said


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, cwd=places.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", pipe)


# --- The child's side ------------------------------------------------------------------------------------------------
def serve(makers: Sequence[Callable[[], Work]]) -> None:
    """Say that all is ready, then work whenever told to, one thread for each maker, until the parent goes."""
    threading.excepthook = _end_all
    start, done = threading.Barrier(len(makers) + 1), threading.Barrier(len(makers) + 1)
    order = {"begin": 0.0, "seconds": 0.0}
    counts = [0.0] * len(makers)

    def member(index: int) -> None:
        work = makers[index]()
        done.wait()
        while True:
            start.wait()
            counts[index] = _rate(work, order["begin"], order["seconds"])
            done.wait()

    for index in range(len(makers)):
        threading.Thread(target=member, args=(index,), daemon=True).start()
    done.wait()
    print("ready", flush=True)
    for told in sys.stdin:
        order["begin"], order["seconds"] = map(float, told.split())
        start.wait()
        done.wait()
        print(sum(counts), flush=True)


def _end_all(failed: threading.ExceptHookArgs) -> None:
    """A client that fails ends its process: the parent must not wait for it."""
    traceback.print_exception(failed.exc_value)
    os._exit(1)


def _rate(work: Work, begin: float, seconds: float) -> float:
    time.sleep(max(0.0, begin - time.monotonic()))
    times, now, end = 0, begin, begin + seconds
    while now < end:
        work()
        times += 1
        now = time.monotonic()
    return times / (now - begin)


def main(arguments: list[str]) -> None:
    work, threads, given, number = arguments
    import django  # noqa: PLC0415 (a peer's python has another one)

    django.setup()
    module, _colon, name = work.partition(":")
    make = getattr(importlib.import_module(f"tests.bench.measures.{module}"), name)
    known = json.loads(given)
    first = int(number) * int(threads)

    def maker(index: int) -> Callable[[], Work]:
        return lambda: make(number=first + index, **known)

    serve([maker(index) for index in range(int(threads))])


if __name__ == "__main__":
    if not Path("manage.py").exists():
        raise SystemExit("to be started by tests.bench")
    main(sys.argv[1:])
