"""What the clock does for stored answers."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from wallet_site.idempotency.models import AnsweredRequest

# Far beyond any client's retries. Money is guarded by event keys of the books as well, and those are for ever.
KEPT = timedelta(days=7)


@shared_task(name="idempotency.forget_old")
def forget_old() -> int:
    """Delete answers older than a week; returns how many."""
    return AnsweredRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
