"""Customers, setup intents and the cards they keep: linking a card always passes a 3-D Secure challenge."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import catalogue, challenges
from .catalogue import Behaviour
from .config import Options
from .errors import invalid, missing
from .store import Json, Stored, Transaction

KIND = "setup_intent"
SUBMISSIONS = 5
# Of one card within a day, by whomever: a security code has only a thousand values.
WRONG_SECURITY_CODES = 5


@dataclass(frozen=True)
class CardForm:
    """What a person types on the card page. The number and the security code are dropped once read."""

    number: str
    expiry: str
    security_code: str
    holder: str


class CardRefusedError(Exception):
    """The card page shows why: `field` and `reason` are keys of the page's texts."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def create_customer(tx: Transaction, values: Json) -> Json:
    """A customer of the merchant's."""
    body = {"name": values.get("name", ""), "metadata": values.get("metadata", {})}
    return tx.add("customer", "cus", body).body


def create_setup(tx: Transaction, values: Json, options: Options) -> Json:
    """Start linking a card; the answer's `next_action` holds the address of the card page."""
    customer = tx.get("customer", values.get("customer", ""))
    if customer is None:
        raise missing("customer", values.get("customer", ""))
    return_url = values.get("return_url", "")
    if not return_url.startswith(("http://", "https://")):
        raise invalid("url_invalid", "return_url must be an http(s) address")
    secret = secrets.token_urlsafe(32)
    setup = tx.add(
        KIND,
        "seti",
        {
            "customer": customer.id,
            "status": "requires_payment_method",
            "usage": "off_session",
            "payment_method": None,
            "latest_attempt": None,
            "last_setup_error": None,
            "next_action": None,
            "expires_at": int(tx.now) + options.setup_seconds,
            "metadata": values.get("metadata", {}),
        },
        {"secret": secret, "return_url": return_url, "submissions": 0, "name": customer.body["name"]},
    )
    url = f"{options.public_url}/setup/{setup.id}/{secret}"
    setup.body["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {"url": url, "return_url": return_url},
    }
    tx.save(setup)
    tx.schedule(setup.id, "expire", tx.now + options.setup_seconds)
    return setup.body


def cancel_setup(tx: Transaction, setup: Stored, reason: str) -> Json:
    """Give a linking up. A repeat changes nothing; a finished one cannot be cancelled."""
    if setup.body["status"] == "succeeded":
        raise invalid("setup_intent_unexpected_state", "This SetupIntent has succeeded.")
    if setup.body["status"] != "canceled":
        challenges.close(tx, setup)
        setup.body.update(status="canceled", cancellation_reason=reason, next_action=None)
        tx.save(setup)
        tx.emit("setup_intent.canceled", setup.body)
    return setup.body


def is_open(setup: Stored) -> bool:
    """Whether the card page still takes anything."""
    return setup.body["status"] in ("requires_payment_method", "requires_action") and not setup.private.get(
        "closed"
    )


def submit_card(tx: Transaction, setup: Stored, form: CardForm, options: Options) -> None:
    """Take a card from the card page and open the bank's challenge.

    Raises CardRefusedError for anything that a real processor would refuse; each refusal by the issuer counts, and the
    fifth ends the linking, so that security codes cannot be tried out.
    """
    number = "".join(character for character in form.number if character not in " -\u3000")
    card, month, year = _read_card(number, form, tx.now)
    setup.private["submissions"] += 1
    refusal = _issuer_refusal(tx, card, form)
    if refusal is not None:
        setup.body["last_setup_error"] = {"type": "card_error", "code": refusal.reason}
        tx.save(setup)
        tx.emit("setup_intent.setup_failed", setup.body)
        if setup.private["submissions"] >= SUBMISSIONS:
            setup.private["closed"] = True
            cancel_setup(tx, setup, "too_many_attempts")
        raise refusal
    method = _keep_card(tx, setup, card, (month, year), form.holder)
    setup.body.update(status="requires_action", payment_method=method.id, last_setup_error=None)
    challenges.open_challenge(
        tx,
        setup,
        last4=method.body["card"]["last4"],
        brand=card.brand,
        amount=None,
        expires_at=min(tx.now + options.challenge_seconds, setup.body["expires_at"]),
    )
    tx.save(setup)


def _read_card(number: str, form: CardForm, now: float) -> tuple[catalogue.TestCard, int, int]:
    if not catalogue.passes_luhn(number):
        raise CardRefusedError("number", "invalid_number")
    card = catalogue.find(number)
    if card is None:
        raise CardRefusedError("number", "not_a_test_card")
    month, year = _read_expiry(form.expiry, now)
    digits = 4 if card.brand == "amex" else 3
    code = form.security_code.strip()
    if not (code.isascii() and code.isdigit() and len(code) == digits):
        raise CardRefusedError("security_code", "invalid_cvc")
    if not 2 <= len(form.holder.strip()) <= 100:
        raise CardRefusedError("holder", "invalid_holder")
    return card, month, year


def _read_expiry(text: str, now: float) -> tuple[int, int]:
    month_text, slash, year_text = text.replace(" ", "").partition("/")
    if not slash and len(month_text) in (4, 6):
        month_text, year_text = month_text[:2], month_text[2:]
    if not (month_text.isascii() and month_text.isdigit() and year_text.isascii() and year_text.isdigit()):
        raise CardRefusedError("expiry", "invalid_expiry")
    month, year = int(month_text), int(year_text)
    year += 2000 if len(year_text) == 2 else 0
    today = datetime.fromtimestamp(now, UTC).date()
    if not 1 <= month <= 12 or year > today.year + 20:
        raise CardRefusedError("expiry", "invalid_expiry")
    if catalogue.is_past(month, year, today):
        raise CardRefusedError("expiry", "expired_card")
    return month, year


def _issuer_refusal(tx: Transaction, card: catalogue.TestCard, form: CardForm) -> CardRefusedError | None:
    name = f"wrong codes {catalogue.fingerprint(card.number, tx.card_secret())} {int(tx.now // 86_400)}"
    wrong = int(tx.setting(name) or 0)
    if wrong >= WRONG_SECURITY_CODES:
        return CardRefusedError("number", "card_declined")
    if form.security_code.strip() == catalogue.WRONG_SECURITY_CODE:
        tx.set_setting(name, str(wrong + 1))
        return CardRefusedError("security_code", "incorrect_cvc")
    if card.behaviour is Behaviour.REFUSED_AT_LINKING:
        return CardRefusedError("number", "card_declined")
    if card.behaviour is Behaviour.NOT_ENROLLED:
        return CardRefusedError("number", "authentication_not_supported")
    return None


def _keep_card(
    tx: Transaction, setup: Stored, card: catalogue.TestCard, expiry: tuple[int, int], holder: str
) -> Stored:
    month, year = expiry
    return tx.add(
        "payment_method",
        "pm",
        {
            "type": "card",
            "customer": None,
            "card": {
                "brand": card.brand,
                "last4": card.number[-4:],
                "exp_month": month,
                "exp_year": year,
                "country": card.country,
                "fingerprint": catalogue.fingerprint(card.number, tx.card_secret()),
                "three_d_secure_usage": {"supported": True},
            },
            "billing_details": {"name": " ".join(holder.split())},
            "metadata": {},
        },
        {"behaviour": card.behaviour.value, "setup": setup.id},
    )


def pass_challenge(tx: Transaction, setup: Stored) -> None:
    """The holder proved who they are: the card is the customer's."""
    method = tx.get("payment_method", setup.body["payment_method"])
    if method is None:
        raise missing("payment_method", setup.body["payment_method"])
    method.body["customer"] = setup.body["customer"]
    tx.save(method)
    challenges.close(tx, setup)
    setup.body.update(status="succeeded", next_action=None, latest_attempt=_attempt("authenticated"))
    tx.save(setup)
    tx.emit("setup_intent.succeeded", setup.body)


def fail_challenge(tx: Transaction, setup: Stored) -> None:
    """The bank did not recognise the holder. The linking is over; a new one may be started."""
    challenges.close(tx, setup)
    setup.private["closed"] = True
    setup.body.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        latest_attempt=_attempt("failed"),
        last_setup_error={"type": "card_error", "code": "setup_intent_authentication_failure"},
    )
    tx.save(setup)
    tx.emit("setup_intent.setup_failed", setup.body)


def _attempt(result: str) -> dict[str, Any]:
    return {
        "status": "succeeded" if result == "authenticated" else "failed",
        "payment_method_details": {"card": {"three_d_secure": {"result": result, "version": "2.2.0"}}},
    }


def detach(tx: Transaction, method: Stored) -> Json:
    """Forget a customer's card: it can be charged no more. A repeat changes nothing."""
    if method.body["customer"] is not None:
        method.body["customer"] = None
        tx.save(method)
        tx.emit("payment_method.detached", method.body)
    return method.body
