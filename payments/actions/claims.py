"""Paying what is owed outside of a wallet: to a card by its processor, or by the desk's bank transfer.

What the card's holder takes back through their bank is not paid beside that: while the dispute is open the claim waits,
won by us it is paid like any other. Lost, the bank has paid: the claim stays unpaid in the account of claims, against
the loss that the dispute booked, until people decide about the two.
"""

from __future__ import annotations

import structlog
from django.db import DatabaseError
from django.db.models.functions import Now
from django.utils import timezone

from payments import posting
from payments.actions.top_up_sweep import pause_after
from payments.dispute_queries import contested, is_contested
from payments.errors import ClaimDisputed, ClaimNotOpen
from payments.models import AccountKind, Claim, ClaimState, ClaimWay, JournalKind, TopUp
from payments.processors.base import ProcessorError, Refunded, RefundRefused, RefundRequest
from payments.processors.registry import processor_named
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Problem
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

BATCH = 50


def send_due_claims(actor: Actor) -> int:
    """Ask the processors for the refunds that are owed to cards; returns how many were asked for.

    Taken by one sweep at a time. A time-out is no refusal: the same refund is asked for again, under the same key,
    until it is answered. Each on its own: one that fails stops no other.
    """
    with recorded(actor):
        due = list(
            Claim.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("top_up__card")
            .filter(state=ClaimState.OWED, way=ClaimWay.CARD, check_at__lte=timezone.now())
            .exclude(top_up__in=contested())
            .order_by("check_at")[:BATCH]
        )
        for claim in due:
            claim.checks += 1
            claim.check_at = timezone.now() + pause_after(claim.checks)
            claim.save(update_fields=["checks", "check_at"])
    for claim in due:
        try:
            refund_to_card(claim, actor=actor)
        except (Problem, ProcessorError, DatabaseError) as error:
            log.warning("claim_not_refunded_yet", claim_id=claim.pk, error=str(error)[:200])
    return len(due)


def refund_to_card(claim: Claim, *, actor: Actor) -> None:
    """Give one claim back to its card. What the processor refuses goes to the desk; a repeat gives nothing more.

    Raises `ClaimNotOpen` for one that goes to no card, and `ClaimDisputed`.
    """
    top_up = claim.top_up
    if top_up is None:
        raise ClaimNotOpen
    with recorded(actor):
        _require_uncontested(claim)
    outcome = processor_named(top_up.card.processor).refund(
        RefundRequest(
            key=claim.processor_key, charge_reference=top_up.processor_reference, amount_minor=claim.amount
        )
    )
    if isinstance(outcome, Refunded):
        _write_refunded(claim, outcome.reference, actor)
    elif isinstance(outcome, RefundRefused):
        with recorded(actor):
            _to_desk(claim.pk, outcome.code, actor)


def _require_uncontested(claim: Claim) -> None:
    """Under the charge's lock, which news of a dispute takes first: raises `ClaimDisputed`."""
    if claim.top_up_id is None:
        return
    TopUp.objects.select_for_update(of=("self",)).only("pk").get(pk=claim.top_up_id)
    if is_contested(claim.top_up_id):
        raise ClaimDisputed


def _write_refunded(claim: Claim, reference: str, actor: Actor) -> None:
    """Disputed while the processor was asked: the claim waits with the others, and people are told of the refund."""
    try:
        with recorded(actor):
            _require_uncontested(claim)
            _write_paid(claim.pk, reference, AccountKind.PROCESSOR_SETTLEMENT, actor)
    except ClaimDisputed:
        log.error("refunded_and_disputed", claim=str(claim.public_id), reference=reference)
        with recorded(actor):
            data = {"amount_minor": claim.amount, "reference": reference}
            record(
                "payments:claim:refunded_and_disputed",
                actor=actor,
                subject=claim,
                user_id=claim.user_id,
                data=data,
            )


def _to_desk(claim_id: int, refused_because: str, actor: Actor) -> None:
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.state != ClaimState.OWED or claim.way != ClaimWay.CARD:
        return
    claim.way, claim.refused_because = ClaimWay.DESK, refused_because[:64]
    claim.save(update_fields=["way", "refused_because"])
    data = {"amount_minor": claim.amount, "processor_code": claim.refused_because}
    record("payments:claim:refused_by_card", actor=actor, subject=claim, user_id=claim.user_id, data=data)


def write_paid_out(claim_id: int, *, reference: str, actor: Actor) -> Claim:
    """The desk has transferred the money: inside the caller's transaction. `reference` is the bank's.

    Raises `ClaimNotOpen` for one that is paid, or that goes to a card by itself, and `ClaimDisputed`.
    """
    # The charge before its claim, as everywhere.
    _require_uncontested(Claim.objects.get(pk=claim_id))
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.state != ClaimState.OWED or claim.way != ClaimWay.DESK:
        raise ClaimNotOpen
    return _write_paid(claim_id, reference, AccountKind.CLAIMS_SETTLEMENT, actor)


def _write_paid(claim_id: int, reference: str, paid_from: AccountKind, actor: Actor) -> Claim:
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.state == ClaimState.PAID:
        return claim
    posted = posting.post(
        event_key=f"claim_paid:{claim.public_id}",
        kind=JournalKind.CLAIM_PAID,
        debit_account_id=posting.own_account(AccountKind.CLAIMS_PAYABLE, other_side=0),
        credit_account_id=posting.own_account(paid_from, other_side=claim.pk),
        amount_minor=claim.amount,
        reference=str(claim.public_id),
    )
    claim.state, claim.paid_journal_id, claim.paid_at = ClaimState.PAID, posted.journal_id, Now()
    claim.payment_reference = reference[:64]
    claim.save(update_fields=["state", "paid_journal", "paid_at", "payment_reference"])
    owe(
        "payments:claim:paid",
        key=f"claim-paid:{claim.public_id}",
        payload={"claim_id": claim.pk},
        user_id=claim.user_id,
    )
    data = {"amount_minor": claim.amount, "way": claim.way, "reference": claim.payment_reference}
    record("payments:claim:paid", actor=actor, subject=claim, user_id=claim.user_id, data=data)
    return claim
