"""Resolving a difference between a settlement file and the books: explained by one person, or booked by two.

Booking moves what the file says beyond the books between settlement and suspense, so that the settlement account is
again what the processor owes; what lies in suspense is then looked into.
"""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from payments import posting
from payments.errors import DifferenceResolved
from payments.models import AccountKind, DifferenceKind, JournalKind, SettlementDifference, SettlementLine
from wallet_site.actor import Actor
from wallet_site.audit.recording import record

Resolution = SettlementDifference.Resolution


def write_explanation(difference_id: int, *, reason: str, actor: Actor) -> SettlementDifference:
    """Resolve without money, inside the caller's transaction. Raises `DifferenceResolved` for a resolved one."""
    difference = _locked(difference_id)
    return _resolve(difference, Resolution.EXPLAINED, None, reason, actor)


def write_booking(
    difference_id: int, *, amount_minor: int, reason: str, actor: Actor
) -> SettlementDifference:
    """Resolve by posting, inside the caller's transaction of an approval; the database asks for that approval.

    `amount_minor` is what was approved. Raises `DifferenceResolved` for a resolved one, and when another amount or
    none is right by now (the missing line came late).
    """
    difference = _locked(difference_id)
    amount = bookable(difference)
    if not amount or amount != amount_minor:
        raise DifferenceResolved
    currency = _currency(difference)
    settlement, suspense = (
        posting.own_account(kind, other_side=difference.pk, currency=currency)
        for kind in (AccountKind.PROCESSOR_SETTLEMENT, AccountKind.SUSPENSE)
    )
    # What a processor owes us is the settlement account's debt: owed more, it falls.
    debit, credit = (settlement, suspense) if amount > 0 else (suspense, settlement)
    posted = posting.post(
        event_key=f"settlement_difference:{difference.public_id}",
        kind=JournalKind.CORRECTION,
        debit_account_id=debit,
        credit_account_id=credit,
        amount_minor=abs(amount),
        reference=str(difference.public_id),
    )
    return _resolve(difference, Resolution.BOOKED, posted.journal_id, reason, actor)


def bookable(difference: SettlementDifference) -> int:
    """By how much the processor owes us more than the books say, in minor units; 0 where there is nothing to book."""
    found, expected = difference.found or 0, difference.expected or 0
    kind = difference.kind
    if kind == DifferenceKind.ALTERED_CURRENCY or _currency(difference) != settings.CURRENCY:
        # There are no accounts in that currency: nothing here can be booked.
        return 0
    if kind == DifferenceKind.DOUBLE:
        return found
    if kind == DifferenceKind.LATE:
        return found if _missing_was_booked(difference) else 0
    if kind == DifferenceKind.MISSING and came_late(difference):
        return 0
    return found - expected


def _currency(difference: SettlementDifference) -> str:
    return difference.found_currency or difference.expected_currency


def came_late(difference: SettlementDifference) -> SettlementLine | None:
    """The line that an earlier file lacked and a later one brought."""
    lines = SettlementLine.objects.filter(
        processor=difference.processor, kind=difference.movement, reference=difference.reference
    )
    return (
        lines.select_related("file").order_by("pk").first()
        if difference.kind == DifferenceKind.MISSING
        else None
    )


def _missing_was_booked(difference: SettlementDifference) -> bool:
    return SettlementDifference.objects.filter(
        processor=difference.processor,
        kind=DifferenceKind.MISSING,
        movement=difference.movement,
        reference=difference.reference,
        resolution=Resolution.BOOKED,
    ).exists()


def _locked(difference_id: int) -> SettlementDifference:
    difference = (
        SettlementDifference.objects.select_for_update(of=("self",))
        .select_related("top_up")
        .get(pk=difference_id)
    )
    if not difference.is_open:
        raise DifferenceResolved
    return difference


def _resolve(
    difference: SettlementDifference,
    resolution: Resolution,
    journal_id: int | None,
    reason: str,
    actor: Actor,
) -> SettlementDifference:
    difference.resolution = resolution
    difference.resolved_reason = reason
    difference.resolved_by_id = actor.user_id
    difference.resolved_at = timezone.now()
    difference.journal_id = journal_id
    difference.save(update_fields=["resolution", "resolved_reason", "resolved_by", "resolved_at", "journal"])
    record(
        f"payments:settlement:{resolution}",
        actor=actor,
        subject=difference,
        user_id=difference.top_up.user_id if difference.top_up else None,
        data={"reason": reason, "journal_id": journal_id},
    )
    return difference
