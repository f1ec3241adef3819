"""Paying out what is owed to somebody whose wallet is closed: one asks with the bank's reference, another approves."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.actions.claims import write_paid_out
from payments.dispute_queries import is_contested
from payments.errors import ClaimDisputed, ClaimNotOpen
from payments.models import Claim, ClaimReason, ClaimState, ClaimWay
from support import policy
from support.actions.approvals import write_request
from support.approval_kinds import ApprovalKind, Facts, approval_kind
from support.models import Approval
from support.moments import moment
from wallet_site.actor import Actor
from wallet_site.money import format_money
from wallet_site.transactions import recorded


def ask_to_pay_out(claim: Claim, *, reference: str, reason: str, actor: Actor) -> Approval:
    """Ask for a second person to book a claim as paid. Moves nothing until somebody approves.

    `reference` names the bank's transfer. Raises `ClaimNotOpen` for a claim that is paid or goes to a card by itself,
    `ClaimDisputed` for one whose charge the card's holder takes back, `AlreadyAsked` while a request waits.
    """
    policy.require(actor, "work_cases")
    with recorded(actor):
        # The row lock orders asking and paying.
        current = Claim.objects.select_for_update().get(pk=claim.pk)
        if current.state != ClaimState.OWED or current.way != ClaimWay.DESK:
            raise ClaimNotOpen
        if is_contested(current.top_up_id):
            raise ClaimDisputed
        return write_request(
            PayClaim.name,
            subject_id=current.pk,
            customer_id=current.user_id,
            facts={
                "claim": str(current.public_id),
                "amount": current.amount,
                "currency": current.currency,
                "reason": current.reason,
                "refused_because": current.refused_because,
                "made_at": current.made_at.isoformat(),
                "reference": reference,
            },
            reason=reason,
            actor=actor,
        )


@approval_kind("pay_claim")
class PayClaim(ApprovalKind):
    """Booking a claim as paid out."""

    title = gettext_lazy("Pay out a claim")
    button = gettext_lazy("Approve and book it as paid")
    asks = "work_cases"
    decides = "approve"
    template = "support/desk/claim_disputed.html"

    def summary(self, facts: Facts) -> str:
        return format_money(facts["amount"], facts["currency"])

    def will_happen(self, facts: Facts) -> list[str]:
        return [
            _("%(amount)s are booked out of the claims as paid by our bank.")
            % {"amount": self.summary(facts)},
            _("The customer is told at every address that it is on its way."),
        ]

    def details(self, facts: Facts) -> list[tuple[str, str]]:
        told = [
            (_("Claim"), facts["claim"]),
            (_("Amount"), self.summary(facts)),
            (_("Where it comes from"), str(ClaimReason(facts["reason"]).label)),
            (_("Owed since"), moment(facts["made_at"])),
            (_("Transfer of our bank"), facts["reference"]),
        ]
        if facts["refused_because"]:
            told.append((_("Why the card could not take it"), facts["refused_because"]))
        return told

    def execute(self, approval: Approval, *, actor: Actor) -> None:
        write_paid_out(approval.subject_id or 0, reference=approval.facts["reference"], actor=actor)

    def context(self, approval: Approval) -> dict[str, Any]:
        """Today's state, beside the frozen facts: a dispute that came after the asking."""
        claim = Claim.objects.filter(pk=approval.subject_id or 0, state=ClaimState.OWED).first()
        return {"claim_disputed": claim is not None and is_contested(claim.top_up_id)}
