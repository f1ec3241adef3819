"""Stopping a customer, alone and at once; asking for a lifting, which another has to approve."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions import suspensions
from accounts.models import Suspension, User
from support import policy
from support.actions.approvals import write_request
from support.approval_kinds import ApprovalKind, Facts, approval_kind
from support.models import Approval
from support.moments import moment
from wallet_site.actor import Actor
from wallet_site.errors import Conflict
from wallet_site.transactions import recorded


def suspend_customer(
    customer: User, *, scope: str, reason_code: str, reason: str, ends_at: datetime | None, actor: Actor
) -> Suspension:
    """Stop `scope` for a customer from the next request on; the customer is told. A repeat makes a second record."""
    staff = policy.require(actor, "suspend_customer")
    channel = (
        Suspension.Channel.SUPERVISOR if "approve" in policy.held_by(staff) else Suspension.Channel.AGENT
    )
    return suspensions.suspend(
        customer,
        scope=scope,
        reason_code=reason_code,
        reason=reason,
        channel=channel,
        actor=actor,
        ends_at=ends_at,
    )


def ask_to_lift(suspension: Suspension, *, reason: str, actor: Actor) -> Approval:
    """Ask for a second person to lift a suspension. Holds nothing up and changes nothing until somebody approves.

    Raises `AlreadyAsked` while a request waits and `Conflict` when the suspension is lifted already.
    """
    policy.require(actor, "ask_for_approval")
    with recorded(actor):
        # The row lock orders asking and lifting.
        current = Suspension.objects.select_for_update().get(pk=suspension.pk)
        if current.lifted_at is not None:
            raise Conflict
        return write_request(
            LiftSuspension.name,
            subject_id=current.pk,
            customer_id=current.user_id,
            facts=_frozen(current),
            reason=reason,
            actor=actor,
        )


@approval_kind("lift_suspension")
class LiftSuspension(ApprovalKind):
    """Letting a customer go on."""

    title = gettext_lazy("Lift a suspension")
    button = gettext_lazy("Approve and lift")
    asks = "ask_for_approval"
    decides = "approve"

    def summary(self, facts: Facts) -> str:
        return str(Suspension.Scope(facts["scope"]).label)

    def will_happen(self, facts: Facts) -> list[str]:
        return [
            _("“%(what)s” works again at once, as far as no other stop holds.")
            % {"what": Suspension.Scope(facts["scope"]).label},
            _("The customer is told at every address."),
        ]

    def details(self, facts: Facts) -> list[tuple[str, str]]:
        ends = moment(facts["ends_at"]) if facts["ends_at"] else _("until lifted")
        return [
            (_("Stopped"), str(Suspension.Scope(facts["scope"]).label)),
            (_("Why"), str(Suspension.Reason(facts["reason_code"]).label)),
            (_("Reason at the desk"), facts["reason"]),
            (_("Stopped by"), str(Suspension.Channel(facts["channel"]).label)),
            (_("Since"), moment(facts["starts_at"])),
            (_("Until"), ends),
        ]

    def execute(self, approval: Approval, *, actor: Actor) -> None:
        suspension = Suspension.objects.get(pk=approval.subject_id or 0)
        suspensions.write_lift(suspension, reason=approval.reason, actor=actor)


def _frozen(suspension: Suspension) -> Facts:
    return {
        "scope": suspension.scope,
        "reason_code": suspension.reason_code,
        "reason": suspension.reason,
        "channel": suspension.channel,
        "starts_at": suspension.starts_at.isoformat(),
        "ends_at": suspension.ends_at.isoformat() if suspension.ends_at else None,
    }
