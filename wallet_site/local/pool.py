"""Celery's pool on a developer's machine: its children end with the worker, which says when it is ready."""

import os
from pathlib import Path

from celery.signals import worker_process_init, worker_ready

from wallet_site.local.bound import die_with_parent

# Imported by the worker before it forks its pool, so this is the parent every child must find.
WORKER = os.getpid()
READY_FILE = "KAKEHASHI_WORKER_READY_FILE"


@worker_process_init.connect
def bind_to_parent(**_: object) -> None:
    die_with_parent(parent=WORKER)


@worker_ready.connect
def say_ready(**_: object) -> None:
    """Leaves a file where somebody waits for the worker to take tasks."""
    if path := os.environ.get(READY_FILE):
        Path(path).touch()
