"""What Stripe's events mean to the portal. The signature is checked by `stripe_shaped.webhooks`."""

from __future__ import annotations

from typing import Any

from payments.processors.base import ChargeEvent, DisputeEvent, LinkingEvent, OtherEvent
from payments.processors.stripe_shaped import reading
from payments.processors.stripe_shaped.webhooks import charge_event


def content(kind: str, subject: dict[str, Any]) -> ChargeEvent | LinkingEvent | DisputeEvent | OtherEvent:
    """What an event is about."""
    metadata = subject.get("metadata") or {}
    if kind.startswith("payment_intent.") and "top_up" in metadata:
        return charge_event(subject)
    if kind.startswith("checkout.session.") and "linking" in metadata:
        return LinkingEvent(metadata["linking"], subject["id"])
    if kind.startswith("charge.dispute."):
        return reading.dispute_event(subject) or OtherEvent()
    return OtherEvent()
