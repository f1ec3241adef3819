"""Payment intents, their charges, refunds and disputes."""

import secrets

from . import balance, challenges
from .catalogue import Behaviour
from .config import Options
from .errors import ApiError, LostRequestError, invalid, missing
from .store import Json, Stored, Transaction

KIND = "payment_intent"
LARGEST_AMOUNT = 9_999_999

_DECLINES = {
    Behaviour.INSUFFICIENT_FUNDS: (
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    Behaviour.STOLEN: ("card_declined", "stolen_card", "Your card was declined."),
    Behaviour.EXPIRED: ("expired_card", "expired_card", "Your card has expired."),
    Behaviour.SLOW_THEN_FAILS: ("card_declined", "generic_decline", "Your card was declined."),
}
_HELD = (Behaviour.SLOW_THEN_SUCCEEDS, Behaviour.SLOW_THEN_FAILS)


class HeldAnswerError(Exception):
    """A good answer that is held back beyond any patience; the charge exists all the same."""

    def __init__(self, body: Json) -> None:
        super().__init__("held")
        self.body = body


def create_payment(tx: Transaction, values: Json, options: Options) -> Json:
    """Make a payment intent, and charge it at once with `confirm`."""
    amount = _whole_number(values.get("amount"), "amount")
    if not 1 <= amount <= LARGEST_AMOUNT:
        raise invalid("amount_out_of_range", f"amount must be 1 to {LARGEST_AMOUNT}", param="amount")
    if values.get("currency") != "jpy":
        raise invalid("currency_not_supported", "The sandbox charges in jpy.", param="currency")
    method = tx.get("payment_method", values.get("payment_method", ""))
    if method is None:
        raise missing("payment_method", values.get("payment_method", ""))
    if method.body["customer"] is None or method.body["customer"] != values.get("customer"):
        raise invalid("payment_method_unexpected_state", "The card does not belong to this customer.")
    confirm = values.get("confirm") == "true"
    if confirm and method.private["behaviour"] == Behaviour.LOST.value:
        raise LostRequestError
    secret = secrets.token_urlsafe(32)
    intent = tx.add(
        KIND,
        "pi",
        {
            "amount": amount,
            "amount_received": 0,
            "currency": "jpy",
            "customer": values["customer"],
            "payment_method": method.id,
            "status": "requires_confirmation",
            "latest_charge": None,
            "last_payment_error": None,
            "next_action": None,
            "metadata": values.get("metadata", {}),
        },
        {"secret": secret, "return_url": values.get("return_url", "")},
    )
    if not confirm:
        return intent.body
    return confirm_payment(tx, intent, values, options)


def confirm_payment(tx: Transaction, intent: Stored, values: Json, options: Options) -> Json:
    """Charge the card of an intent that waits for it. An intent that is finished answers as it is."""
    if intent.body["status"] in ("succeeded", "requires_action"):
        return intent.body
    if intent.body["status"] == "canceled":
        raise invalid("payment_intent_unexpected_state", "This PaymentIntent was cancelled.")
    method = tx.get("payment_method", intent.body["payment_method"])
    if method is None or method.body["customer"] is None:
        raise invalid("payment_method_unexpected_state", "The card was detached.")
    behaviour = Behaviour(method.private["behaviour"])
    if behaviour in _DECLINES:
        raise _decline(tx, intent, *_DECLINES[behaviour], hold=behaviour in _HELD)
    if behaviour is Behaviour.CHALLENGES_EACH_CHARGE:
        return _ask_again(tx, intent, method, values, options)
    charge(tx, intent, method, options)
    if behaviour in _HELD:
        raise HeldAnswerError(intent.body)
    return intent.body


def charge(tx: Transaction, intent: Stored, method: Stored, options: Options) -> None:
    """Take the money and say so."""
    made = tx.add(
        "charge",
        "ch",
        {
            "amount": intent.body["amount"],
            "amount_refunded": 0,
            "currency": "jpy",
            "payment_intent": intent.id,
            "payment_method": method.id,
            "status": "succeeded",
            "refunded": False,
            "disputed": False,
            "metadata": intent.body["metadata"],
        },
    )
    intent.body.update(
        status="succeeded",
        amount_received=intent.body["amount"],
        latest_charge=made.id,
        next_action=None,
        last_payment_error=None,
    )
    tx.save(intent)
    balance.book(tx, "charge", made.body["amount"], made)
    tx.emit("payment_intent.succeeded", intent.body)
    if method.private["behaviour"] == Behaviour.DISPUTED.value:
        tx.schedule(made.id, "dispute", tx.now + options.dispute_seconds)


def _decline(
    tx: Transaction, intent: Stored, code: str, decline_code: str, message: str, *, hold: bool = False
) -> ApiError:
    error = {"type": "card_error", "code": code, "decline_code": decline_code, "message": message}
    intent.body.update(status="requires_payment_method", last_payment_error=error, next_action=None)
    tx.save(intent)
    tx.emit("payment_intent.payment_failed", intent.body)
    return ApiError(
        402, "card_error", code, message, hold=hold, decline_code=decline_code, payment_intent=intent.body
    )


def _ask_again(tx: Transaction, intent: Stored, method: Stored, values: Json, options: Options) -> Json:
    if values.get("off_session") == "true":
        raise _decline(
            tx,
            intent,
            "authentication_required",
            "authentication_required",
            "The card's holder must be asked.",
        )
    return_url = values.get("return_url", "") or intent.private["return_url"]
    if not return_url.startswith(("http://", "https://")):
        raise invalid("url_invalid", "return_url must be an http(s) address")
    intent.private["return_url"] = return_url
    url = f"{options.public_url}/pay/{intent.id}/{intent.private['secret']}"
    intent.body.update(
        status="requires_action",
        next_action={
            "type": "redirect_to_url",
            "redirect_to_url": {"url": url, "return_url": return_url},
        },
    )
    challenges.open_challenge(
        tx,
        intent,
        last4=method.body["card"]["last4"],
        brand=method.body["card"]["brand"],
        amount=intent.body["amount"],
        expires_at=tx.now + options.challenge_seconds,
    )
    tx.save(intent)
    tx.emit("payment_intent.requires_action", intent.body)
    return intent.body


def pass_challenge(tx: Transaction, intent: Stored, options: Options) -> None:
    """The holder answered the bank: charge, unless the card was detached meanwhile."""
    challenges.close(tx, intent)
    method = tx.get("payment_method", intent.body["payment_method"])
    if method is None or method.body["customer"] is None:
        _decline(tx, intent, "card_declined", "generic_decline", "The card was detached.")
        return
    charge(tx, intent, method, options)


def fail_challenge(tx: Transaction, intent: Stored) -> None:
    """The bank did not recognise the holder: nothing is charged."""
    challenges.close(tx, intent)
    code = "payment_intent_authentication_failure"
    _decline(tx, intent, code, "authentication_failure", "The issuer did not authenticate the card's holder.")


def cancel_payment(tx: Transaction, intent: Stored, reason: str) -> Json:
    """Make sure that an intent never charges. A charged one cannot be cancelled; a repeat changes nothing."""
    if intent.body["status"] == "succeeded":
        raise invalid("payment_intent_unexpected_state", "This PaymentIntent has succeeded.")
    if intent.body["status"] != "canceled":
        challenges.close(tx, intent)
        intent.body.update(status="canceled", cancellation_reason=reason, next_action=None)
        tx.save(intent)
        tx.emit("payment_intent.canceled", intent.body)
    return intent.body


def refund(tx: Transaction, values: Json) -> Json:
    """Give a charge back, whole or in part, never more than what is left of it."""
    intent = tx.get(KIND, values.get("payment_intent", ""))
    made = tx.get("charge", intent.body["latest_charge"] or "") if intent else None
    if intent is None or made is None:
        raise missing("charge of payment_intent", values.get("payment_intent", ""))
    left = made.body["amount"] - made.body["amount_refunded"]
    amount = _whole_number(values["amount"], "amount") if "amount" in values else left
    if made.body["disputed"]:
        raise invalid("charge_disputed", "The charge was charged back.")
    if left == 0:
        raise invalid("charge_already_refunded", "The charge was refunded in full.")
    if not 1 <= amount <= left:
        raise invalid("amount_too_large", f"At most {left} of the charge can be refunded.", param="amount")
    made.body["amount_refunded"] += amount
    made.body["refunded"] = made.body["amount_refunded"] == made.body["amount"]
    tx.save(made)
    given = tx.add(
        "refund",
        "re",
        {
            "amount": amount,
            "currency": "jpy",
            "charge": made.id,
            "payment_intent": intent.id,
            "status": "succeeded",
            "metadata": values.get("metadata", {}),
        },
    )
    balance.book(tx, "refund", -amount, given)
    tx.emit("charge.refunded", made.body)
    return given.body


def _whole_number(text: object, name: str) -> int:
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 12):
        raise invalid("parameter_invalid_integer", f"{name} must be a whole number", param=name)
    return int(text)
