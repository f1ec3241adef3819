"""What a measure is given: servers, clients, and ways to run them by turns."""

from __future__ import annotations

import importlib
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django
import psycopg

from tests.bench.crew import Crew
from tests.bench.ground import Ground
from tests.bench.rows import HEADER, Row, line, write
from wallet_site.local import places
from wallet_site.local.postgres import APPLICATION, OWNER

Way = Callable[[float], float]
RESULTS = places.ROOT / ".data" / "bench.json"


class Missing(Exception):
    """A peer or a tool that this machine has not; its rows are left out and the reason is printed."""


@dataclass
class Bench:
    """One run. `rounds` times `seconds` for each way; `full`: the long forms too."""

    ground: Ground
    rounds: int
    seconds: float
    full: bool = False
    _stack: ExitStack = field(default_factory=ExitStack)

    def run(self, names: Sequence[str]) -> int:
        """Measure, print and write every named module, each with clients of its own."""
        django.setup()
        rows: list[Row] = []
        print(HEADER)
        for name in names:
            module = importlib.import_module(f"tests.bench.measures.{name}")
            began = time.monotonic()
            print(f"\n{name}: {module.measure.__doc__.strip().splitlines()[0]}", flush=True)
            with ExitStack() as self._stack:
                try:
                    for row in module.measure(self):
                        rows.append(row)
                        print(line(row), flush=True)
                except Missing as missing:
                    print(f"  left out: {missing}", flush=True)
            print(f"  ({time.monotonic() - began:.0f} s)")
        write(RESULTS, rows)
        print(f"\nWritten to {RESULTS.relative_to(places.ROOT)}.")
        return 0

    def interleaved(self, ways: Mapping[str, Way], *, rounds: int = 0) -> dict[str, float]:
        """Every way once in each round, so that a slow minute of the machine hits all alike. The medians.

        One short turn each goes before, for caches and prepared statements.
        """
        found: dict[str, list[float]] = {name: [] for name in ways}
        for way in ways.values():
            way(min(1.0, self.seconds))
        for _round in range(rounds or self.rounds):
            for name, way in ways.items():
                found[name].append(way(self.seconds))
        return {name: statistics.median(rates) for name, rates in found.items()}

    def crew(
        self, work: str, *, processes: int = 8, threads: int = 1, python: str = "", **arguments: Any
    ) -> Crew:
        """Clients that do `work`; see `tests.bench.crew`. Gone when the measure ends."""
        more = {"python": python} if python else {}
        crew = Crew.hired(work, count=processes, threads=threads, arguments=arguments, **more)
        self._stack.callback(crew.close)
        return crew

    def pgbench(self, script: str, *, clients: int = 8, role: str = APPLICATION, **variables: int) -> Way:
        """A script through pgbench, prepared, each time for so many seconds; transactions a second."""
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kakehashi-bench-")))
        (folder / "script.sql").write_text(script)
        command = [
            str(self.ground.server.binaries / "pgbench"), "--no-vacuum", "--protocol", "prepared",
            "--client", str(clients), "--jobs", "2", "--host", str(self.ground.server.sockets), "--username", role,
            "--file", str(folder / "script.sql"),
            *(f"--define={name}={value}" for name, value in variables.items()),
        ]  # fmt: skip
        if not Path(command[0]).exists():
            raise Missing("pgbench is not among the PostgreSQL programs here")

        def way(seconds: float) -> float:
            # pgbench knows whole seconds only.
            asked = [*command, "--time", str(max(1, round(seconds))), "kakehashi"]
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            told = re.search(r"tps = ([0-9.]+) \(without", done.stdout)
            if told is None:
                raise RuntimeError(f"pgbench failed: {done.stderr.strip()}")
            return float(told.group(1))

        return way

    def owner(self) -> psycopg.Connection:
        """The owner of the tables, in autocommit."""
        return self._stack.enter_context(psycopg.connect(self.ground.database.url(OWNER), autocommit=True))
