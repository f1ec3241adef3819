"""The digits of a one-time code: how they are drawn and checked. Pure; nothing here touches the database.

24 digits: an operator id (so that a till knows whose code it is), 20 random digits (66 bits) and a check digit. All
digits and an even number of them, so that they fit Code128's dense set C and a cashier can type them.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Final

OPERATOR_ID: Final = "284"
RANDOM_DIGITS: Final = 20
LENGTH: Final = len(OPERATOR_ID) + RANDOM_DIGITS + 1
LIFETIME: Final = timedelta(minutes=5)
DIGEST_PURPOSE: Final = "one-time-code"


def draw() -> str:
    """A new code. 20 random digits hold 66 bits beside operator id and check digit."""
    body = OPERATOR_ID + f"{secrets.randbelow(10**RANDOM_DIGITS):0{RANDOM_DIGITS}d}"
    return body + check_digit(body)


def check_digit(digits: str) -> str:
    """Luhn's digit: finds every single wrong digit and nearly every swap, before anybody is asked."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def plain(text: str) -> str:
    """What was scanned or typed, without the spaces and dashes that people put in."""
    return re.sub(r"[\s-]", "", text)


def is_well_formed(digits: str) -> bool:
    """Whether this can be a code of ours. Says nothing about whether it exists."""
    return (
        len(digits) == LENGTH
        and digits.isascii()
        and digits.isdigit()
        and digits.startswith(OPERATOR_ID)
        and check_digit(digits[:-1]) == digits[-1]
    )


def grouped(digits: str) -> str:
    """In fours, as people read them."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
