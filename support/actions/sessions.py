"""Throwing a customer's devices out."""

from __future__ import annotations

from accounts.actions.sign_ins import write_device_revocations, write_ends
from accounts.models import User
from support import policy
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded


def end_sessions(customer: User, *, reason: str, actor: Actor) -> tuple[int, int]:
    """End every browser session and revoke every app of a customer, from the next request on. The customer is told.

    Returns how many sessions and apps ended. A repeat ends what has begun since, and tells nobody when that is nothing.
    """
    policy.require(actor, "suspend_customer")
    with recorded(actor):
        sessions = write_ends(customer, why="support")
        apps = write_device_revocations(customer, why="support")
        if sessions or apps:
            owe(
                "support:sessions:ended",
                key=f"sessions-ended:{customer.pk}:{actor.request_id or actor.session_id}",
                payload={"sessions": sessions, "apps": apps},
                user_id=customer.pk,
                priority="security",
            )
        record(
            "support:sessions:ended",
            actor=actor,
            user_id=customer.pk,
            data={"sessions": sessions, "apps": apps, "reason": reason},
        )
    return sessions, apps
