"""Reading Stripe-shaped objects into the typed answers of `base`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from payments.processors.base import (
    CardDetails,
    Declined,
    DisputeEvent,
    LineKind,
    NeedsAction,
    Processing,
    Reason,
    SettlementEntry,
    Succeeded,
)

Json = dict[str, Any]

_REASONS = {
    "insufficient_funds": Reason.INSUFFICIENT_FUNDS,
    "stolen_card": Reason.LOST_OR_STOLEN,
    "lost_card": Reason.LOST_OR_STOLEN,
    "expired_card": Reason.CARD_EXPIRED,
    "incorrect_cvc": Reason.SECURITY_CODE_WRONG,
    "authentication_failure": Reason.AUTHENTICATION_FAILED,
    "payment_intent_authentication_failure": Reason.AUTHENTICATION_FAILED,
    "setup_intent_authentication_failure": Reason.AUTHENTICATION_FAILED,
    "authentication_required": Reason.AUTHENTICATION_REQUIRED,
    "authentication_not_supported": Reason.AUTHENTICATION_NOT_SUPPORTED,
}
# By type; an adjustment is a dispute's, and its sign tells whether the money went or came back.
_LINE_KINDS = {
    "charge": LineKind.CHARGE,
    "payment": LineKind.CHARGE,
    "refund": LineKind.REFUND,
    "payment_refund": LineKind.REFUND,
    "payout": LineKind.PAYOUT,
    "stripe_fee": LineKind.FEE,
}
# An inquiry ("warning_...") takes no money, and may become a dispute with an event of its own.
_DISPUTE_STATES = {"needs_response": "open", "under_review": "answered", "won": "won", "lost": "lost"}


def decline_reason(error: Json) -> Reason:
    """Our reason for a processor's error: the finer code first."""
    for name in ("decline_code", "code"):
        if error.get(name) in _REASONS:
            return _REASONS[error[name]]
    return Reason.DECLINED


def outcome(intent: Json) -> Succeeded | Declined | NeedsAction | Processing:
    """How a payment intent stands."""
    reference = str(intent["id"])
    status = intent["status"]
    if status == "succeeded":
        return Succeeded(reference, int(intent["amount_received"]))
    if status == "requires_action":
        return NeedsAction(reference, str(intent["next_action"]["redirect_to_url"]["url"]))
    if status == "requires_payment_method":
        return Declined(reference, decline_reason(intent.get("last_payment_error") or {}))
    if status == "canceled":
        return Declined(reference, Reason.ABANDONED)
    return Processing(reference)


def card_details(method: Json) -> CardDetails:
    """What we keep of a payment method."""
    card = method["card"]
    return CardDetails(
        token=method["id"],
        brand=card["brand"],
        last_four=card["last4"],
        expiry_month=card["exp_month"],
        expiry_year=card["exp_year"],
        country=card["country"] or "",
        fingerprint=card["fingerprint"],
        holder_name=method["billing_details"].get("name") or "",
    )


def three_d_secure(setup: Json) -> str:
    """The 3-D Secure result of a setup intent's last attempt; "" where there was none."""
    details = (setup.get("latest_attempt") or {}).get("payment_method_details") or {}
    return str(((details.get("card") or {}).get("three_d_secure") or {}).get("result") or "")


def authentication_failed(setup: Json) -> bool:
    """Whether the issuer did not recognise the holder: this setup intent is then over for us."""
    return (setup.get("last_setup_error") or {}).get("code") == "setup_intent_authentication_failure"


def linking_reason(setup: Json) -> Reason:
    """Why there will be no card from a setup intent."""
    error = setup.get("last_setup_error")
    return decline_reason(error) if error else Reason.ABANDONED


def dispute_event(dispute: Json) -> DisputeEvent | None:
    """What an event about a dispute says; None for an inquiry.

    A dispute need not carry the metadata of its charge; the charge's own reference then names the top-up.
    """
    state = _DISPUTE_STATES.get(dispute["status"])
    if state is None:
        return None
    due = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeEvent(
        reference=str(dispute["id"]),
        top_up_id=str((dispute.get("metadata") or {}).get("top_up", "")),
        charge_reference=str(dispute.get("payment_intent") or ""),
        amount_minor=int(dispute["amount"]),
        reason=str(dispute.get("reason", "")),
        state=state,
        due_at=datetime.fromtimestamp(due, UTC) if due else None,
    )


def settlement_entry(line: Json) -> SettlementEntry:
    """One balance transaction, with its source expanded."""
    source = line.get("source")
    about: Json = source if isinstance(source, dict) else {}
    amount = int(line["amount"])
    kind = _LINE_KINDS.get(line["type"], LineKind.OTHER)
    if line["type"] == "adjustment" and about.get("object") == "dispute":
        kind = LineKind.DISPUTE if amount < 0 else LineKind.DISPUTE_WON
    return SettlementEntry(
        line_id=str(line["id"]),
        kind=kind,
        reference=str(about.get("payment_intent") or about.get("id") or source or ""),
        amount_minor=amount,
        fee_minor=int(line.get("fee") or 0),
        currency=str(line["currency"]).upper(),
        occurred_at=datetime.fromtimestamp(line["created"], UTC),
    )
