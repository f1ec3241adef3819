"""What Stripe's events mean to the portal. The signature is checked by `stripe_shaped.webhooks`."""

from __future__ import annotations

from typing import Any

from payments.processors.base import ChargeEvent, DisputeEvent, LinkingEvent, OtherEvent
from payments.processors.stripe_shaped.webhooks import charge_event

# An inquiry ("warning_...") takes no money, and may become a dispute with an event of its own.
_DISPUTE_STATES = {"needs_response": "open", "under_review": "open", "won": "won", "lost": "lost"}


def content(kind: str, subject: dict[str, Any]) -> ChargeEvent | LinkingEvent | DisputeEvent | OtherEvent:
    """What an event is about."""
    metadata = subject.get("metadata") or {}
    if kind.startswith("payment_intent.") and "top_up" in metadata:
        return charge_event(subject)
    if kind.startswith("checkout.session.") and "linking" in metadata:
        return LinkingEvent(metadata["linking"], subject["id"])
    if kind.startswith("charge.dispute.") and subject["status"] in _DISPUTE_STATES:
        # A dispute does not carry the metadata of its charge; the charge's own reference names the top-up.
        return DisputeEvent(
            top_up_id="",
            charge_reference=str(subject.get("payment_intent") or ""),
            amount_minor=int(subject["amount"]),
            reason=str(subject.get("reason", "")),
            state=_DISPUTE_STATES[subject["status"]],
        )
    return OtherEvent()
