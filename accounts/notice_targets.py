"""Where somebody is told of what concerns the safety of their account: one answer, the database's.

The triggers that owe a notice and the notices that Python owes ask the same function, so that no kind of notice can
forget an address (requirement 26).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Target:
    """One way to reach somebody: "email", "sms" or "push", and the address, number or token there."""

    channel: str
    address: str


def targets_of(user_id: int) -> list[Target]:
    """Everything on file for one person, and the addresses that were replaced within the last 30 days. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT channel, address FROM accounts_notice_targets(%s) GROUP BY channel, address"
            " ORDER BY channel, address",
            [user_id],
        )
        return [Target(channel, address) for channel, address in cursor.fetchall()]


def addresses_of(user_id: int) -> list[str]:
    """The e-mail addresses among them."""
    return [target.address for target in targets_of(user_id) if target.channel == "email"]
