"""`make bench`: figures of speed beside their limits and peers, interleaved, as medians; written to `.data/bench.json`.

    make bench                      everything, some minutes
    make bench only="posting"       the measures of one module (several names: only="posting history")
    make bench rounds=3 seconds=2   quicker and rougher
    make bench full=1               the long forms too (ten million entries)

To add figures, put a module into `tests/bench/measures/` with one function:

    def measure(bench: Bench) -> Iterator[Row]:
        '''Say here what is measured against what; the first line is printed above the rows.'''
        crew = bench.crew("my_measure:store_reads", processes=8)   # a function of the module, see tests.bench.crew
        limit = bench.pgbench("SELECT 1", clients=8)
        found = bench.interleaved({"reads": crew.run, "bare": limit})   # medians
        yield Row("reads", found["reads"], "reads/s", ratio_to_limit=found["reads"] / found["bare"], goal=0.5)

It runs on a PostgreSQL and a Valkey of its own, migrated and empty, with fsync and synchronous_commit on. Figures are
for people: nothing here is a test, and nothing fails because a neighbour made the machine slow.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.bench.ground import Ground

MEASURES = Path(__file__).with_name("measures")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("only", nargs="*", help="names of modules in tests/bench/measures")
    parser.add_argument(
        "--rounds", type=int, default=5, help="how often each way is measured; the median counts"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each time")
    parser.add_argument("--full", action="store_true", help="the long forms too")
    asked = parser.parse_args()
    there = sorted(path.stem for path in MEASURES.glob("*.py"))
    if unknown := set(asked.only) - set(there):
        print(
            f"No such measure: {', '.join(sorted(unknown))}. There are: {', '.join(there)}.", file=sys.stderr
        )
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Ground.laid() as ground:
        # Settings are read when Django is first imported: the environment had to be there before.
        from tests.bench.bench import Bench  # noqa: PLC0415

        bench = Bench(ground, rounds=asked.rounds, seconds=asked.seconds, full=asked.full)
        return bench.run(asked.only or there)


if __name__ == "__main__":
    raise SystemExit(main())
