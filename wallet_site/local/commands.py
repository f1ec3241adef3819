"""How each part of the portal is started: the same words for `make run` and for the tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

WEB_THREADS = min(8, 2 * (os.cpu_count() or 1) + 1)
WEBHOOK_PATH = "/processors/sandbox/events/"


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def web(port: int, *, workers: int = 1) -> list[str]:
    """Granian over WSGI; the module ties its workers to the life of their parent."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(workers), "--blocking-threads", str(WEB_THREADS), "--no-ws", "--log-level", "warning",
        "wallet_site.local.web:application",
    ]  # fmt: skip


def worker(*, concurrency: int = 2) -> list[str]:
    """One Celery worker on every queue; the module ties its pool to the life of its parent."""
    return [
        *_celery(), "worker", "--queues", "security,ordinary,bulk,webhook", "--concurrency", str(concurrency),
        "--include", "wallet_site.local.pool", "--without-gossip", "--without-mingle", "--loglevel", "warning",
    ]  # fmt: skip


def beat(schedule: Path) -> list[str]:
    """Celery's clock; what it remembers rests in the given file."""
    return [*_celery(), "beat", "--schedule", str(schedule), "--pidfile", "", "--loglevel", "warning"]


def sandbox(*, port: int, data: Path, portal_url: str) -> list[str]:
    """The pretend card processor, telling the portal what happens to charges."""
    return [
        sys.executable, "-m", "payments.processors.sandbox.server", "--port", str(port), "--data", str(data),
        "--webhook-url", portal_url + WEBHOOK_PATH,
    ]  # fmt: skip


def _celery() -> list[str]:
    # Root in a container of one's own is nobody's business here; production starts its worker by itself.
    quiet_for_root = ["-W", "ignore:You're running the worker with superuser"]
    return [
        sys.executable,
        *quiet_for_root,
        "-m",
        "celery",
        "--quiet",
        "--no-color",
        "--app",
        "wallet_site.celery",
    ]
