"""The test numbers: which card each one pretends to be, and how its issuer behaves."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date
from enum import Enum


class Behaviour(Enum):
    """What the pretend issuer does with a card."""

    SUCCEEDS = "succeeds"
    REFUSED_AT_LINKING = "refused_at_linking"
    NOT_ENROLLED = "not_enrolled"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    STOLEN = "stolen_card"
    EXPIRED = "expired_card"
    CHALLENGES_EACH_CHARGE = "challenges_each_charge"
    SLOW_THEN_SUCCEEDS = "slow_then_succeeds"
    SLOW_THEN_FAILS = "slow_then_fails"
    LOST = "lost"
    DISPUTED = "disputed"


@dataclass(frozen=True)
class TestCard:
    """One test number. `number` holds digits only."""

    number: str
    brand: str
    country: str
    behaviour: Behaviour


CARDS: tuple[TestCard, ...] = (
    TestCard("4242424242424242", "visa", "JP", Behaviour.SUCCEEDS),
    TestCard("5555555555554444", "mastercard", "JP", Behaviour.SUCCEEDS),
    TestCard("3530111333300000", "jcb", "JP", Behaviour.SUCCEEDS),
    TestCard("4000002760003184", "visa", "JP", Behaviour.CHALLENGES_EACH_CHARGE),
    TestCard("4000000000009995", "visa", "JP", Behaviour.INSUFFICIENT_FUNDS),
    TestCard("4000000000009979", "visa", "JP", Behaviour.STOLEN),
    TestCard("4000000000000069", "visa", "JP", Behaviour.EXPIRED),
    TestCard("4000000000007007", "visa", "JP", Behaviour.SLOW_THEN_SUCCEEDS),
    TestCard("4000000000007015", "visa", "JP", Behaviour.SLOW_THEN_FAILS),
    TestCard("4000000000007023", "visa", "JP", Behaviour.LOST),
    TestCard("4000000000000259", "visa", "US", Behaviour.DISPUTED),
    TestCard("4000000000000002", "visa", "JP", Behaviour.REFUSED_AT_LINKING),
    TestCard("378282246310005", "amex", "US", Behaviour.NOT_ENROLLED),
)

# A security code that the pretend issuer calls wrong, whatever the card.
WRONG_SECURITY_CODE = "999"

_BY_NUMBER = {card.number: card for card in CARDS}


def find(number: str) -> TestCard | None:
    """The test card with this number; None for any other, so that a real number is never taken."""
    return _BY_NUMBER.get(number)


def passes_luhn(number: str) -> bool:
    """Whether the check digit fits. False for anything that is not 12 to 19 ASCII digits."""
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return False
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit)
        if position % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def is_past(month: int, year: int, today: date) -> bool:
    """Whether a card that is good through the given month has run out."""
    return (year, month) < (today.year, today.month)


def fingerprint(number: str, secret: bytes) -> str:
    """A stable name for a number that does not tell it: the same card gives the same value for every customer."""
    return hmac.new(secret, number.encode(), hashlib.sha256).hexdigest()[:32]


def grouped(number: str) -> str:
    """A number as it is printed on a card."""
    if len(number) == 15:
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
