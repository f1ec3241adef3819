"""The pretend issuing bank's 3-D Secure challenge: a code, three tries, an end in time."""

import secrets
from dataclasses import dataclass
from enum import Enum

from .store import Stored, Transaction

TRIES = 3


class Verdict(Enum):
    """What an entered code leads to."""

    PASSED = "passed"
    WRONG = "wrong"
    FAILED = "failed"


@dataclass(frozen=True)
class Challenge:
    """What the bank's page shows. The code is on the page because this bank is a pretend one."""

    code: str
    last4: str
    brand: str
    amount: int | None


def open_challenge(
    tx: Transaction, intent: Stored, *, last4: str, brand: str, amount: int | None, expires_at: float
) -> None:
    """Ask the card's holder for a code. The intent is cancelled when the time is over."""
    intent.private["challenge"] = {
        "code": f"{secrets.randbelow(1_000_000):06d}",
        "tries": 0,
        "last4": last4,
        "brand": brand,
        "amount": amount,
    }
    tx.schedule(intent.id, "expire", expires_at)


def current(intent: Stored) -> Challenge | None:
    """The challenge that waits for an answer, or None."""
    held = intent.private.get("challenge")
    if held is None:
        return None
    return Challenge(held["code"], held["last4"], held["brand"], held["amount"])


def judge(intent: Stored, entered: str) -> Verdict:
    """Compare an entered code; the third wrong one fails the challenge. The caller saves the intent."""
    held = intent.private["challenge"]
    if secrets.compare_digest(held["code"].encode(), entered.strip().encode()):
        return Verdict.PASSED
    held["tries"] += 1
    return Verdict.FAILED if held["tries"] >= TRIES else Verdict.WRONG


def close(tx: Transaction, intent: Stored) -> None:
    """The challenge is over, however it ended."""
    intent.private.pop("challenge", None)
    tx.unschedule(intent.id, "expire")
