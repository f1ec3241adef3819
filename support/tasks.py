"""The worker's side of the desk: thin tasks over actions."""

from __future__ import annotations

from celery import shared_task

from support.actions.approvals import expire_overdue


@shared_task(name="support.expire_approvals")
def expire_approvals() -> int:
    """Say of requests whose time is over that they are."""
    return expire_overdue()
