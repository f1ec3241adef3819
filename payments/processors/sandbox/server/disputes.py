"""Disputes: the card's holder takes a charge back, the merchant answers or not, somebody decides.

An answer wins after a while and silence loses when its time is over; a test decides at once by `close` with a status.
"""

from . import balance
from .config import Options
from .errors import invalid
from .store import Json, Stored, Transaction

KIND = "dispute"
_OPEN = ("needs_response", "under_review")


def open_dispute(tx: Transaction, charge_id: str, options: Options) -> None:
    """The card's holder charges a payment back. A repeat, or a refunded charge, changes nothing."""
    made = tx.get("charge", charge_id)
    if made is None or made.body["disputed"] or made.body["refunded"]:
        return
    made.body["disputed"] = True
    tx.save(made)
    due = tx.now + options.evidence_seconds
    opened = tx.add(
        KIND,
        "dp",
        {
            "amount": made.body["amount"] - made.body["amount_refunded"],
            "currency": "jpy",
            "charge": made.id,
            "payment_intent": made.body["payment_intent"],
            "reason": "fraudulent",
            "status": "needs_response",
            "evidence_details": {"due_by": int(due), "has_evidence": False},
            "metadata": made.body["metadata"],
        },
    )
    balance.book(tx, "adjustment", -opened.body["amount"], opened)
    tx.schedule(opened.id, "dispute_due", due)
    tx.emit("charge.dispute.created", opened.body)


def submit_evidence(tx: Transaction, opened: Stored, values: Json, options: Options) -> Json:
    """Take the merchant's answer. Only a dispute that waits for one takes it."""
    if opened.body["status"] != "needs_response":
        raise invalid("dispute_not_answerable", "This dispute takes no evidence any more.")
    evidence = values.get("evidence")
    if values.get("submit") != "true" or not isinstance(evidence, dict) or not any(evidence.values()):
        raise invalid("parameter_missing", "evidence and submit are needed", param="evidence")
    opened.private["evidence"] = evidence
    opened.body["evidence_details"]["has_evidence"] = True
    opened.body["status"] = "under_review"
    tx.save(opened)
    tx.unschedule(opened.id, "dispute_due")
    tx.schedule(opened.id, "dispute_decided", tx.now + options.dispute_seconds)
    tx.emit("charge.dispute.updated", opened.body)
    return opened.body


def close_dispute(tx: Transaction, opened: Stored, outcome: str) -> Json:
    """Decide a dispute: `won` by the merchant, or `lost`, as who gives it up says. One that is decided stays so."""
    if outcome not in ("won", "lost"):
        raise invalid("parameter_invalid", "status must be won or lost", param="status")
    if opened.body["status"] not in _OPEN:
        raise invalid("dispute_already_closed", "This dispute is decided.")
    opened.body["status"] = outcome
    tx.save(opened)
    tx.unschedule(opened.id, "dispute_due")
    tx.unschedule(opened.id, "dispute_decided")
    if outcome == "won":
        balance.book(tx, "adjustment", opened.body["amount"], opened)
    tx.emit("charge.dispute.closed", opened.body)
    return opened.body


def decide_in_time(tx: Transaction, dispute_id: str, outcome: str) -> None:
    """What the clock decides, unless somebody was faster."""
    opened = tx.get(KIND, dispute_id)
    if opened is not None and opened.body["status"] in _OPEN:
        close_dispute(tx, opened, outcome)
