"""Asking for what takes two, and deciding what somebody else has asked for.

What is approved is done in the transaction of the decision (a mass action: its run is written there). A request that
is refused, taken back or expired changes nothing.
"""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from support import policy
from support.approval_kinds import Facts, kind_named, kind_of
from support.errors import AlreadyAsked, NotWaiting, OwnRequest
from support.models import Approval
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded


def write_request(
    kind: str,
    *,
    facts: Facts,
    reason: str,
    actor: Actor,
    subject_id: int | None = None,
    customer_id: int | None = None,
) -> Approval:
    """Ask for a second person, inside the caller's transaction. Changes nothing until somebody approves.

    `facts` (plain JSON) are frozen: the approver reads them and `ApprovalKind.execute` does what they say. Raises
    `AlreadyAsked` while a request of this kind about `subject_id` waits, `RoleMissing`.
    """
    asked = kind_named(kind)
    staff = policy.require(actor, asked.asks)
    _expire(kind, subject_id)
    approval = Approval(
        kind=kind,
        customer_id=customer_id,
        subject_id=subject_id,
        facts=facts,
        right=asked.decides,
        reason=reason,
        made_by=staff,
        expires_at=timezone.now() + asked.lifetime,
    )
    try:
        with transaction.atomic():
            approval.save(force_insert=True)
    except IntegrityError as error:
        if "one_request_waits" not in str(error):
            raise
        raise AlreadyAsked from error
    _write_down("asked", approval, reason, actor)
    return approval


def approve(approval: Approval, *, reason: str, actor: Actor) -> None:
    """Approve a request and do what it asked for.

    Raises `OwnRequest` for who asked, by whatever account (the database refuses that too; the try is kept in the
    audit), `RoleMissing`, `NotWaiting` when it was decided or has expired, and what the kind's `execute` raises. A
    repeat is refused by `NotWaiting`.
    """
    kind = kind_of(approval)
    policy.require(actor, kind.decides)
    try:
        with recorded(actor):
            waiting = _lock(approval)
            if same_person(waiting.made_by_id, actor.user_id):
                raise OwnRequest
            _decide(waiting, Approval.State.APPROVED, reason, actor)
            kind.execute(waiting, actor=actor)
    except OwnRequest:
        with recorded(actor):
            _write_down("own_tried", approval, reason, actor)
        raise


def refuse(approval: Approval, *, reason: str, actor: Actor) -> None:
    """Refuse a request, or take back one's own. What was asked for is not done. Raises `NotWaiting` like `approve`."""
    staff = policy.require(actor, "use_desk")
    with recorded(actor):
        waiting = _lock(approval)
        if waiting.made_by_id != staff.pk:
            policy.require(actor, kind_of(waiting).decides)
        _decide(waiting, Approval.State.REFUSED, reason, actor)
        kind_of(waiting).turn_down(waiting, actor=actor)


def same_person(one: int, other: int | None) -> bool:
    """Whether two accounts of staff are one person's, as the database's guard sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT support_same_person(%s, %s)", [one, other])
        return cursor.fetchone()[0] is not False


def expire_overdue() -> int:
    """Say of requests whose time is over that they are. They could not be approved any more anyway."""
    return Approval.objects.filter(state=Approval.State.WAITING, expires_at__lte=Now()).update(
        state=Approval.State.EXPIRED
    )


def approver_of(approval: Approval) -> User:
    """Who approved it; only of an approved one."""
    if approval.decided_by is None:
        raise LookupError(f"{approval} was not decided")
    return approval.decided_by


def _expire(kind: str, subject_id: int | None) -> None:
    waiting = Approval.objects.filter(kind=kind, subject_id=subject_id, state=Approval.State.WAITING)
    waiting.filter(expires_at__lte=Now()).update(state=Approval.State.EXPIRED)


def _lock(approval: Approval) -> Approval:
    locked = Approval.objects.select_for_update().get(pk=approval.pk)
    if locked.state != Approval.State.WAITING or locked.expires_at <= timezone.now():
        raise NotWaiting
    return locked


def _decide(approval: Approval, state: Approval.State, reason: str, actor: Actor) -> None:
    Approval.objects.filter(pk=approval.pk).update(
        state=state, decided_by_id=actor.user_id, decided_at=Now(), decision_reason=reason
    )
    approval.refresh_from_db()
    _write_down(state.value, approval, reason, actor)


def _write_down(what: str, approval: Approval, reason: str, actor: Actor) -> None:
    record(
        f"support:approval:{what}",
        actor=actor,
        subject=approval,
        user_id=approval.customer_id,
        data={"kind": approval.kind, "subject": approval.subject_id, "reason": reason},
    )
