"""Reading Stripe-shaped objects into the typed answers of `base`."""

from __future__ import annotations

from typing import Any

from payments.processors.base import (
    CardDetails,
    Declined,
    NeedsAction,
    Processing,
    Reason,
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
