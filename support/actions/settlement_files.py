"""Finance and the settlement files: fetch one, explain a difference, or ask a second person to book it."""

from __future__ import annotations

from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.actions import differences, settlement_files
from payments.errors import DifferenceResolved
from payments.models import DifferenceKind, SettlementDifference
from payments.processors.base import ProcessorError
from payments.processors.registry import current_processor
from support import policy
from support.actions.approvals import write_request
from support.approval_kinds import ApprovalKind, Facts, approval_kind
from support.models import Approval
from wallet_site.actor import Actor
from wallet_site.errors import Unavailable
from wallet_site.money import format_money
from wallet_site.transactions import recorded


def fetch_file(day: date, *, actor: Actor) -> settlement_files.Reconciled:
    """Fetch the current processor's file of a day now rather than tonight, and compare it. A repeat changes nothing.

    Raises `InvalidInput` for a day that is not over, `Unavailable` when the processor gives no file, `RoleMissing`.
    """
    policy.require(actor, "reconcile")
    try:
        return settlement_files.import_settlement(current_processor(), day, actor=actor)
    except ProcessorError as error:
        raise Unavailable(retry_after=60) from error


def explain(difference: SettlementDifference, *, reason: str, actor: Actor) -> None:
    """Resolve a difference by saying why; no money is posted. Raises `DifferenceResolved`, `RoleMissing`."""
    policy.require(actor, "reconcile")
    with recorded(actor):
        differences.write_explanation(difference.pk, reason=reason, actor=actor)


def ask_to_book(difference: SettlementDifference, *, reason: str, actor: Actor) -> Approval:
    """Ask a second person to book a difference to suspense. Changes nothing until somebody approves.

    Raises `DifferenceResolved` when there is nothing to book, `AlreadyAsked`, `RoleMissing`.
    """
    policy.require(actor, "reconcile")
    with recorded(actor):
        current = (
            SettlementDifference.objects.select_for_update(of=("self",))
            .select_related("top_up")
            .get(pk=difference.pk)
        )
        amount = differences.bookable(current)
        if not current.is_open or not amount:
            raise DifferenceResolved
        return write_request(
            BookDifference.name,
            subject_id=current.pk,
            customer_id=current.top_up.user_id if current.top_up else None,
            facts={
                "difference": str(current.public_id),
                "kind": current.kind,
                "reference": current.reference,
                "amount_minor": amount,
                "currency": current.found_currency or current.expected_currency,
            },
            reason=reason,
            actor=actor,
        )


@approval_kind("book_difference")
class BookDifference(ApprovalKind):
    """Posting between settlement and suspense what a file and the books differ by."""

    title = gettext_lazy("Book a difference to suspense")
    button = gettext_lazy("Approve and book")
    asks = "reconcile"
    decides = "approve_booking"

    def summary(self, facts: Facts) -> str:
        return f"{DifferenceKind(facts['kind']).label}: {_signed(facts)}"

    def will_happen(self, facts: Facts) -> list[str]:
        owed = (
            _("The books then say that the processor owes us %(amount)s more, and keep that in suspense.")
            if facts["amount_minor"] > 0
            else _("The books then say that the processor owes us %(amount)s less, and suspense carries it.")
        )
        return [
            owed % {"amount": format_money(abs(facts["amount_minor"]), facts["currency"])},
            _("No customer's balance changes."),
        ]

    def details(self, facts: Facts) -> list[tuple[str, str]]:
        return [
            (_("Difference"), str(DifferenceKind(facts["kind"]).label)),
            (_("Charge at the processor"), facts["reference"]),
            (_("Amount"), _signed(facts)),
        ]

    def execute(self, approval: Approval, *, actor: Actor) -> None:
        differences.write_booking(
            approval.subject_id or 0,
            amount_minor=approval.facts["amount_minor"],
            reason=approval.reason,
            actor=actor,
        )

    def page(self, approval: Approval) -> str:
        return reverse("admin:difference", args=[approval.facts["difference"]])


def _signed(facts: Facts) -> str:
    return format_money(facts["amount_minor"], facts["currency"], signed=True)
