"""Makes `.venv` and installs what a lock says: `python3 -S bootstrap.py .venv local` (or `tests`, or `runtime`).

Runs on nothing but Python's standard library. Every package is checked against the hashes of the lock. uv is used
when it can be installed (seconds), else pip (a minute). A lock that is installed already costs one look at a file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {
    "runtime": ROOT / "requirements.txt",
    "local": ROOT / "wallet_site/local/requirements.txt",
    "tests": ROOT / "tests/requirements.txt",
}
# Every set is part of the next one, at the same versions (`make check` looks).
ORDER = tuple(LOCKS)
UV_LOCK = ROOT / "wallet_site/local/uv.txt"
OLDEST = (3, 11)
NEWER_NAMES = ("python3.11", "python3.12", "python3.13", "python3.14")


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[1] not in LOCKS:
        print(f"usage: bootstrap.py <folder> {'|'.join(LOCKS)}", file=sys.stderr)
        return 2
    folder, wanted = ROOT / arguments[0], arguments[1]
    if sys.version_info < OLDEST:
        return _start_again_with_newer(arguments)
    with Path(__file__).open() as own_file:
        fcntl.flock(own_file, fcntl.LOCK_EX)  # Two commands at once: the second finds the work done.
        return bootstrap(folder, wanted)


def _start_again_with_newer(arguments: list[str]) -> int:
    for name in NEWER_NAMES:
        if program := shutil.which(name):
            return subprocess.call([program, "-S", __file__, *arguments])
    print(
        f"Python {'.'.join(map(str, OLDEST))} or newer is needed; this is {sys.version.split()[0]}.",
        file=sys.stderr,
    )
    return 1


def bootstrap(folder: Path, wanted: str) -> int:
    """0 when the folder holds what the lock says."""
    stamp = folder / "installed.json"
    installed = _read(stamp)
    if installed.get(wanted) == _digest(wanted):
        return 0
    # A folder that has had the tests' packages keeps them: `make run` and `make test` share it.
    largest = max([wanted, *(name for name in installed if name in ORDER)], key=ORDER.index)
    if not (folder / "bin" / "python").exists() and not _make_environment(folder):
        return 1
    print(f"Installing {LOCKS[largest].relative_to(ROOT)} into {folder.name} ...", flush=True)
    if not (_install_with_uv(folder, LOCKS[largest]) or _install_with_pip(folder, LOCKS[largest])):
        print("The packages could not be installed; what pip says is above.", file=sys.stderr)
        return 1
    held = ORDER[: ORDER.index(largest) + 1]
    stamp.write_text(json.dumps({name: _digest(name) for name in held}, indent=1))
    return 0


def _make_environment(folder: Path) -> bool:
    print(f"Making {folder.name} with Python {sys.version.split()[0]} ...", flush=True)
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=False)
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        print("Python's venv module is missing or broken (on Debian: python3-venv).", file=sys.stderr)
    return done.returncode == 0


def _install_with_uv(folder: Path, lock: Path) -> bool:
    """uv lives beside the packages, not among them, so that syncing never removes it."""
    home = folder / "uv"
    program = home / "bin" / "uv"
    if not program.exists():
        got = _pip(folder, "--target", str(home), "--requirement", str(UV_LOCK), quietly=True)
        if not got or not program.exists():
            print("uv cannot be installed here; going on with pip, which takes longer.", flush=True)
            return False
    command: list[str | Path] = [
        program, "pip", "sync", "--quiet", "--require-hashes", "--python", folder / "bin" / "python", lock,
    ]  # fmt: skip
    # The machine's own certificates first (a company's proxy has its own), then those that uv brings.
    for certificates in ({"UV_SYSTEM_CERTS": "1"}, {}):
        done = subprocess.run(
            command, env={**certificates, **os.environ}, check=False, capture_output=True, text=True
        )
        if done.returncode == 0:
            return True
    print(f"{done.stderr.strip()}\nuv failed; going on with pip, which takes longer.", flush=True)
    return False


def _install_with_pip(folder: Path, lock: Path) -> bool:
    return _pip(folder, "--requirement", str(lock), quietly=False)


def _pip(folder: Path, *arguments: str, quietly: bool) -> bool:
    command: list[str | Path] = [
        folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--require-hashes", "--only-binary", ":all:", *arguments,
    ]  # fmt: skip
    return subprocess.run(command, check=False, capture_output=quietly).returncode == 0


def _digest(name: str) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    return hashlib.sha256(LOCKS[name].read_bytes() + version.encode()).hexdigest()


def _read(stamp: Path) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads(stamp.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
