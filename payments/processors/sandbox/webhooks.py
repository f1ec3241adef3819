"""What the sandbox's events mean to the portal."""

from __future__ import annotations

from typing import Any

from payments.processors.base import ChargeEvent, DisputeEvent, LinkingEvent, OtherEvent
from payments.processors.stripe_shaped.webhooks import charge_event

_DISPUTE_STATES = {"needs_response": "open", "won": "won", "lost": "lost"}


def content(kind: str, subject: dict[str, Any]) -> ChargeEvent | LinkingEvent | DisputeEvent | OtherEvent:
    """What an event is about."""
    metadata = subject.get("metadata") or {}
    if kind.startswith("payment_intent.") and "top_up" in metadata:
        return charge_event(subject)
    if kind.startswith("setup_intent.") and "linking" in metadata:
        return LinkingEvent(metadata["linking"], subject["id"])
    if kind.startswith("charge.dispute.") and "top_up" in metadata:
        return DisputeEvent(
            top_up_id=metadata["top_up"],
            charge_reference=subject["payment_intent"],
            amount_minor=int(subject["amount"]),
            reason=str(subject.get("reason", "")),
            state=_DISPUTE_STATES[subject["status"]],
        )
    return OtherEvent()
