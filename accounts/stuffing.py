"""Seeing lists of leaked passwords being tried: many accounts, few right ones, from many networks (requirement 19).

Each single one of these tries looks like somebody who has mistyped. Together they are a wave. What is counted: tries at
a password from browsers and apps that the account does not know, over ten minutes, by page and API alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from accounts.familiarity import network_block
from wallet_site import recent
from wallet_site.crypto import digest
from wallet_site.ratelimit import first_use

_NAME: Final = "password-tries"
_FLAG: Final = "stuffing-wave"
# Unknown devices are slowed for so long after the figures were last those of a wave.
SLOWED_SECONDS: Final = 15 * 60
# Of all the tries of a wave, one in so many seconds writes to the database.
_RECORDED_EVERY_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A wave has at least so many tries, accounts and networks in ten minutes, and at most so many right ones."""

    tries: int
    accounts: int
    networks: int
    right_percent: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Tries at a password from unknown devices within ten minutes; `accounts` and `networks` are different ones."""

    tries: int
    right: int
    accounts: int
    networks: int

    @property
    def right_percent(self) -> int:
        """How many of a hundred tries had the right password."""
        return round(100 * self.right / self.tries) if self.tries else 0

    def is_wave(self, limits: Thresholds) -> bool:
        """Pure: whether these are the figures of a wave."""
        return (
            self.tries >= limits.tries
            and self.accounts >= limits.accounts
            and self.networks >= limits.networks
            and self.right * 100 <= limits.right_percent * self.tries
        )


def thresholds() -> Thresholds:
    """The numbers of the settings. Raises TypeError for a name that is none; a system check says so first."""
    return Thresholds(**settings.STUFFING_THRESHOLDS)


def count_try(address: str, network: str, *, is_right: bool) -> None:
    """Count one try. Raises `Unavailable`: tries that cannot be counted are refused like those past a limit."""
    recent.note(
        _NAME,
        counts=["tries", "right"] if is_right else ["tries"],
        different={
            "accounts": digest(address, "stuffing").hex()[:32],
            "networks": network_block(network) or "unknown",
        },
    )


def figures() -> Figures:
    """Of the last ten minutes. Raises `Unavailable`."""
    return Figures(**recent.read(_NAME, counts=["tries", "right"], different=["accounts", "networks"]))


def slow_down() -> None:
    """From now on unknown devices are slowed."""
    recent.raise_flag(_FLAG, seconds=SLOWED_SECONDS)


def is_slowed() -> bool:
    """Whether unknown devices have fewer tries for now. Raises `Unavailable`."""
    return recent.is_raised(_FLAG)


def is_due() -> bool:
    """True for one try in twenty seconds, of however many at once: that one keeps the wave's figures."""
    return first_use(_NAME, "recorded", remember_seconds=_RECORDED_EVERY_SECONDS)
