"""Owing a notice: one row in the transaction that made the event, and a nudge to the worker after it."""

from __future__ import annotations

import json
from typing import Any

import structlog
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from wallet_site.outbox import tasks
from wallet_site.outbox.models import Priority
from wallet_site.outbox.registry import notice_for

log = structlog.get_logger(__name__)


def owe(
    topic: str,
    *,
    key: str,
    payload: dict[str, Any],
    user_id: int | None = None,
    priority: str = Priority.ORDINARY,
) -> None:
    """Owe the notices of `topic`, once per `key`, inside the caller's transaction.

    `payload` is JSON and must hold no secret that would outlive its use. Raises `LookupError` for an unknown topic.
    """
    notice_for(topic)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_event (key, topic, payload, user_id, priority) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (key) DO NOTHING",
            [key, topic, json.dumps(payload, default=str), user_id, priority],
        )
    hurry(priority)


def hurry(priority: str) -> None:
    """After the commit, wake the worker. When the broker is away the sweep finds the row by itself."""
    transaction.on_commit(lambda: _wake(priority))


def _wake(priority: str) -> None:
    try:
        tasks.FOR_PRIORITY[priority].apply_async(expires=30)
    except OperationalError:
        log.warning("broker_away_notice_waits_for_sweep", priority=priority)
