"""Stopping one person, wholly or in part, and letting them go on."""

from __future__ import annotations

from datetime import datetime

from django.db.models.functions import Now

from accounts import events
from accounts.actions.sign_ins import write_ends, write_token_ends
from accounts.models import Suspension, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Conflict
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded


def suspend(
    user: User,
    *,
    scope: str,
    reason_code: str,
    reason: str,
    channel: str,
    actor: Actor,
    ends_at: datetime | None = None,
) -> Suspension:
    """Stop `scope` for `user` from the very next request, on sessions and tokens already out too.

    `ends_at` None means until lifted. The customer is told at every address. Each call makes a record of its own:
    the effective state is their union, so a repeat tightens nothing further.
    """
    with recorded(actor):
        return write_suspension(
            user,
            scope=scope,
            reason_code=reason_code,
            reason=reason,
            channel=channel,
            actor=actor,
            ends_at=ends_at,
        )


def write_suspension(
    user: User,
    *,
    scope: str,
    reason_code: str,
    reason: str,
    channel: str,
    actor: Actor,
    ends_at: datetime | None = None,
) -> Suspension:
    """`suspend` inside the caller's transaction."""
    suspension = Suspension.objects.create(
        user=user,
        scope=scope,
        reason_code=reason_code,
        reason=reason,
        channel=channel,
        ends_at=ends_at,
        made_by_id=actor.user_id,
    )
    if scope in (Suspension.Scope.SIGN_IN, Suspension.Scope.ALL):
        write_ends(user, why="suspended")
        write_token_ends(user)
    owe(
        events.SUSPENSION_MADE,
        key=f"suspension-made:{suspension.pk}",
        payload={"suspension_id": suspension.pk, "origin": events.origin(actor)},
        user_id=user.pk,
        priority="security",
    )
    record(
        "accounts:suspension:made",
        actor=actor,
        subject=suspension,
        user_id=user.pk,
        data={"scope": scope, "reason_code": reason_code, "reason": reason, "channel": channel},
    )
    return suspension


def lift(suspension: Suspension, *, reason: str, actor: Actor) -> None:
    """End one suspension. Raises `Conflict` when it was lifted before; the database refuses a second lifting too."""
    with recorded(actor):
        write_lift(suspension, reason=reason, actor=actor)


def write_lift(suspension: Suspension, *, reason: str, actor: Actor) -> None:
    """`lift` inside the caller's transaction."""
    lifted = Suspension.objects.filter(pk=suspension.pk, lifted_at=None).update(
        lifted_at=Now(), lifted_by_id=actor.user_id, lift_reason=reason
    )
    if not lifted:
        raise Conflict
    owe(
        events.SUSPENSION_LIFTED,
        key=f"suspension-lifted:{suspension.pk}",
        payload={"suspension_id": suspension.pk},
        user_id=suspension.user_id,
        priority="security",
    )
    record(
        "accounts:suspension:lifted",
        actor=actor,
        subject=suspension,
        user_id=suspension.user_id,
        data={"scope": suspension.scope, "reason": reason},
    )
