"""`make check`: everything that needs no running server. Each check says its name, what it found, and how long it took.

`python -m wallet_site.local.quality types layers` runs some of them.
"""

from __future__ import annotations

import base64
import os
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wallet_site.local.commands import manage
from wallet_site.local.places import ROOT

LINES_SHOWN = 60


@dataclass(frozen=True)
class Check:
    """One command and the environment it wants."""

    name: str
    command: list[str]
    environment: Callable[[], dict[str, str]] = dict


def development() -> dict[str, str]:
    """Settings that load; no server is behind the addresses."""
    return _random_secrets() | {
        "KAKEHASHI_MODE": "development",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }


def production() -> dict[str, str]:
    """What an operator would set, with strong values made for this run."""
    return _random_secrets() | {
        "KAKEHASHI_MODE": "production",
        "DATABASE_URL": "postgresql://portal:portal@127.0.0.1:1/portal",
        "DATABASE_OWNER_URL": "postgresql://owner:owner@127.0.0.1:1/portal",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PUBLIC_URL": "https://wallet.kakehashi.example",
        "EMAIL_URL": "smtp+tls://portal:portal@mail.kakehashi.example:587",
        "DEFAULT_FROM_EMAIL": "Kakehashi <notice@kakehashi.example>",
        "SUPPORT_PHONE": "0120-111-222",
        "PROCESSOR": "none",
        "TRUSTED_PROXIES": "1",
    }


def _random_secrets() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "LOOKUP_KEY": secrets.token_urlsafe(64),
        "METRICS_TOKEN": secrets.token_urlsafe(48),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }


def _module(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


CHECKS = (
    Check("locks", _module("wallet_site.local.locks", "--check")),
    Check("style", _module("ruff", "check", "--quiet", "--output-format", "concise", ".")),
    Check("format", _module("ruff", "format", "--check", "--output-format", "concise", ".")),
    Check("templates", _module("djlint", "--lint", "--quiet", "templates")),
    Check("translations", _module("wallet_site.local.messages", "--check")),
    Check("layers", ["lint-imports", "--no-cache"]),
    Check("types", _module("mypy"), development),
    Check("migrations", manage("makemigrations", "--check", "--dry-run", "--skip-checks"), development),
    Check("production", manage("check", "--deploy", "--fail-level", "WARNING"), production),
)


def run(check: Check) -> bool:
    began = time.monotonic()
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    inherited = {name: value for name, value in os.environ.items() if name not in _OURS}
    done = subprocess.run(
        check.command,
        cwd=ROOT,
        env=inherited | {"PATH": path} | check.environment(),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    passed = done.returncode == 0
    print(f"{'ok    ' if passed else 'FAILED'} {check.name} ({time.monotonic() - began:.1f} s)", flush=True)
    if not passed:
        lines = done.stdout.splitlines()
        print("\n".join(lines[:LINES_SHOWN]), flush=True)
        if len(lines) > LINES_SHOWN:
            print(f"... and {len(lines) - LINES_SHOWN} lines more: {shlex.join(check.command)}", flush=True)
    return passed


# A shell's own settings must not make a check pass or fail.
_OURS = {
    *production(),
    *development(),
    "CELERY_BROKER_URL",
    "DATA_DIR",
    "SANDBOX_WEBHOOK_SECRET",
}


def main(names: list[str]) -> int:
    unknown = set(names) - {check.name for check in CHECKS}
    if unknown:
        print(f"No such check: {', '.join(sorted(unknown))}. There are: {', '.join(c.name for c in CHECKS)}.")
        return 2
    results = [run(check) for check in CHECKS if not names or check.name in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
