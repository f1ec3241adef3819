"""Throwing a customer's devices out."""

from __future__ import annotations

from uuid import UUID

from accounts.actions.api_devices import write_revocation
from accounts.actions.sign_ins import write_device_revocations, write_end, write_ends
from accounts.models import ApiDevice, SignIn, User
from support import policy
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import NotFound
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


def end_one(customer: User, public_id: UUID, *, reason: str, actor: Actor) -> None:
    """End one browser session or app of a customer, from its next request on. The customer is told.

    Raises `NotFound` for another customer's, and for one that has ended: a repeat tells nobody.
    """
    policy.require(actor, "suspend_customer")
    with recorded(actor):
        sign_in = SignIn.objects.filter(user=customer, public_id=public_id, ended_at=None).first()
        device = ApiDevice.objects.filter(user=customer, public_id=public_id, revoked_at=None).first()
        sessions = int(sign_in is not None and write_end(sign_in, why="support"))
        apps = int(device is not None and write_revocation(device, why="support", actor=actor))
        ended = sign_in or device
        if ended is None or not sessions + apps:
            raise NotFound
        owe(
            "support:sessions:ended",
            key=f"session-ended:{public_id}",
            payload={"sessions": sessions, "apps": apps, "device": ended.label},
            user_id=customer.pk,
            priority="security",
        )
        record(
            "support:sessions:ended",
            actor=actor,
            user_id=customer.pk,
            data={"sessions": sessions, "apps": apps, "reason": reason},
        )


def device_of(customer: User, public_id: UUID) -> str:
    """What one of a customer's live sessions or apps is called. Raises `NotFound`."""
    found = (
        SignIn.objects.filter(user=customer, public_id=public_id, ended_at=None).first()
        or ApiDevice.objects.filter(user=customer, public_id=public_id, revoked_at=None).first()
    )
    if found is None:
        raise NotFound
    return found.label
