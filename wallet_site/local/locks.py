"""Compiles the locks from pyproject.toml (`make lock`), and says whether they are current (`--check`).

Every package with its hashes, no address of an index, no path of a machine. The largest set is resolved first and the
smaller ones are held to its versions, so that one folder serves `make run` and `make test`.

A lock carries the digest of what it was compiled from and of its own lines. Checking needs no network, and a new wheel
that somebody uploads for a version we use does not turn a good lock into a stale one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from importlib.util import find_spec
from pathlib import Path

from wallet_site.local.bootstrap import LOCKS, ORDER, ROOT, UV_LOCK

EXTRAS = {"runtime": (), "local": ("local",), "tests": ("local", "tests")}
PROJECT = ROOT / "pyproject.toml"
FORBIDDEN = re.compile(r"://|--(extra-)?index-url|--find-links|^\s*/|file:", re.MULTILINE)


def compile_all(*, upgrade: bool) -> None:
    """Writes every lock; versions stay as they are where they can, unless `upgrade`."""
    for name in reversed(ORDER):
        held_to = [] if name == ORDER[-1] else ["--constraints", str(LOCKS[ORDER[-1]])]
        extras = [part for extra in EXTRAS[name] for part in ("--extra", extra)]
        _compile(LOCKS[name], [str(PROJECT), *extras, *held_to], inputs_digest(name), upgrade=upgrade)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "uv.in"
        wanted.write_text(f"uv=={_pins(LOCKS['tests'])['uv']}\n")
        _compile(UV_LOCK, [str(wanted)], _uv_inputs(), upgrade=True)


def _compile(lock: Path, arguments: list[str], inputs: str, *, upgrade: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "lock.txt"
        if lock.exists() and not upgrade:
            result.write_text(lock.read_text())
        command = [
            _uv(), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
            "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--output-file", str(result),
            *arguments,
        ]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, env={"UV_SYSTEM_CERTS": "1", **os.environ}, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{lock.relative_to(ROOT)} could not be compiled.")
        body = result.read_text()
    lock.write_text(_header(inputs, body) + body)
    print(f"{lock.relative_to(ROOT)}: {len(_pins(lock))} packages")


def _header(inputs: str, body: str) -> str:
    return (
        "# Compiled from pyproject.toml by `make lock`; not for editing.\n"
        f"# inputs {inputs}\n# content {hashlib.sha256(body.encode()).hexdigest()[:16]}\n"
    )


def inputs_digest(name: str) -> str:
    """Names what a lock is compiled from: the direct dependencies of its extras and the oldest Python."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    inputs = {
        "python": project["requires-python"],
        "dependencies": project["dependencies"],
        "extras": {extra: project["optional-dependencies"][extra] for extra in EXTRAS[name]},
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def _uv_inputs() -> str:
    return hashlib.sha256(_pins(LOCKS["tests"]).get("uv", "").encode()).hexdigest()[:16]


def problems() -> list[str]:
    """One line for every lock that is missing, stale, edited by hand, or at odds with the largest."""
    found = []
    inputs = {LOCKS[name]: inputs_digest(name) for name in ORDER} | {UV_LOCK: _uv_inputs()}
    for lock, expected in inputs.items():
        where = lock.relative_to(ROOT)
        text = lock.read_text() if lock.exists() else ""
        body = "".join(text.splitlines(keepends=True)[3:])
        if f"# inputs {expected}\n" not in text:
            found.append(f"{where} is not compiled from the current pyproject.toml; run `make lock`")
        elif not text.startswith(_header(expected, body)):
            found.append(f"{where} was edited by hand; run `make lock`")
        if FORBIDDEN.search(body):
            found.append(f"{where} names an index or a path of one machine")
        found += [f"{where}: {line}" for line in _differences(lock)]
    return found


def _differences(lock: Path) -> list[str]:
    largest = _pins(LOCKS[ORDER[-1]])
    return [
        f"{name} {version} differs from {largest.get(name, 'nothing')} in the tests' lock"
        for name, version in _pins(lock).items()
        if largest.get(name) != version
    ]


def _pins(lock: Path) -> dict[str, str]:
    if not lock.exists():
        return {}
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==(\S+)", lock.read_text(), re.MULTILINE))


def _uv() -> str:
    if find_spec("uv") is None:
        raise SystemExit("uv is not installed; `make test` installs it.")
    from uv import find_uv_bin  # noqa: PLC0415 (only in the tests' set)

    return str(find_uv_bin())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m wallet_site.local.locks", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on what is not current")
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows"
    )
    options = parser.parse_args(arguments)
    if options.check:
        found = problems()
        print("\n".join(found) or "The locks are current.", file=sys.stderr if found else sys.stdout)
        return 1 if found else 0
    compile_all(upgrade=options.upgrade)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
