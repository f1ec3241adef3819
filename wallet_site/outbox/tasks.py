"""The worker's side: thin tasks over the relay, one per priority, each on a queue of its own."""

from __future__ import annotations

from celery import Task, shared_task

from wallet_site.outbox.models import Priority
from wallet_site.outbox.relay import relay


@shared_task(name="outbox.relay_security")
def relay_security() -> int:
    """Send what security notices are due."""
    return relay(Priority.SECURITY)


@shared_task(name="outbox.relay_ordinary")
def relay_ordinary() -> int:
    """Send what receipts and other single notices are due."""
    return relay(Priority.ORDINARY)


@shared_task(name="outbox.relay_bulk")
def relay_bulk() -> int:
    """Send a batch of letters."""
    return relay(Priority.BULK)


@shared_task(name="outbox.relay_webhook", soft_time_limit=120)
def relay_webhook() -> int:
    """Send what merchants' servers are owed. One that answers a byte at a time is broken off."""
    return relay(Priority.WEBHOOK)


FOR_PRIORITY: dict[str, Task[[], int]] = {
    Priority.SECURITY: relay_security,
    Priority.ORDINARY: relay_ordinary,
    Priority.BULK: relay_bulk,
    Priority.WEBHOOK: relay_webhook,
}
