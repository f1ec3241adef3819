"""Looking at a customer: every look leaves a row, a reveal needs a reason and is counted."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Literal

from django.db.models.functions import Now

from accounts.models import User
from support import policy
from wallet_site import ratelimit
from wallet_site.actor import Actor
from wallet_site.audit.models import AuditRow
from wallet_site.audit.recording import record
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

REVEALS_AN_HOUR = 30
# Going on in a timeline within this time is the look that began it.
ONE_LOOK = timedelta(minutes=15)
Field = Literal["email", "phone"]


def look(customer: User, *, actor: Actor) -> None:
    """Somebody opens a customer's page."""
    policy.require(actor, "use_desk")
    with recorded(actor):
        record("support:customer:looked_at", actor=actor, subject=customer, user_id=customer.pk)


def is_looking(customer: User, *, actor: Actor) -> bool:
    """Whether the actor's look at `customer` is on record and still the same one."""
    looks = AuditRow.objects.filter(
        user_id=customer.pk,
        action="support:customer:looked_at",
        actor__user_id=actor.user_id,
        at__gt=Now() - ONE_LOOK,
    )
    return looks.exists()


def look_for(query: str, *, found: int, actor: Actor) -> None:
    """Somebody searches. What was typed is kept, as it may be a name."""
    policy.require(actor, "use_desk")
    with recorded(actor):
        record("support:customers:searched", actor=actor, data={"query": query[:100], "found": found})


def reveal(customer: User, *, field: Field, reason: str, actor: Actor) -> str:
    """The unmasked value; the customer is told that somebody looked.

    Raises `TooManyTries` above the hourly quota and `Unavailable` when nothing can count it.
    """
    policy.require(actor, "reveal")
    ratelimit.take("desk-reveal", str(actor.user_id), limit=REVEALS_AN_HOUR, period_seconds=3600)
    with recorded(actor):
        record(
            "support:customer:revealed",
            actor=actor,
            subject=customer,
            user_id=customer.pk,
            data={"field": field, "reason": reason},
        )
        owe(
            "support:customer:revealed",
            key=f"revealed:{customer.pk}:{uuid.uuid4()}",
            payload={"field": field},
            user_id=customer.pk,
            priority="security",
        )
    return {"email": customer.email, "phone": customer.phone or ""}[field]
