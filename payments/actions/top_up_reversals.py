"""Top-ups that go back to their card because we say so. What a card's holder takes back is in `disputes`."""

from __future__ import annotations

import structlog
from django.utils import timezone

from payments import posting
from payments.errors import TopUpNotRefundable
from payments.models import AccountKind, JournalKind, TopUp, TopUpState
from payments.processors.base import Refunded, RefundRefused, RefundRequest
from payments.processors.registry import processor_named
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)


def refund_top_up(top_up: TopUp, *, reason: str, actor: Actor) -> TopUp:
    """Take a top-up out of the wallet and give it back to the card, whole.

    The money leaves the wallet first, so that it cannot be spent while the processor is asked; the sweep repeats the
    question until it is answered. Raises `TopUpNotRefundable` and `InsufficientFunds`; a repeat returns the refunded
    top-up.
    """
    with recorded(actor):
        locked = _locked(top_up.pk)
        if locked.state == TopUpState.REFUNDED:
            return locked
        if locked.state != TopUpState.SUCCEEDED:
            raise TopUpNotRefundable
        wallet = posting.lock_wallet(locked.user_id, currency=locked.currency)
        settlement = posting.own_account(
            AccountKind.PROCESSOR_SETTLEMENT, other_side=wallet.account_id, currency=locked.currency
        )
        posted = posting.post(
            event_key=f"top_up_refund:{locked.public_id}",
            kind=JournalKind.TOP_UP_REVERSAL,
            debit_account_id=wallet.account_id,
            credit_account_id=settlement,
            amount_minor=locked.amount,
            reference=str(locked.public_id),
            reversal_of=locked.journal_id,
        )
        locked.reversal_id = posted.journal_id
        locked.state = TopUpState.REFUNDED
        locked.check_at = timezone.now()
        locked.save(update_fields=["state", "reversal", "check_at"])
        _tell("refunded", locked, actor, {"amount_minor": locked.amount, "reason": reason})
    return send_refund(locked, actor=actor)


def send_refund(top_up: TopUp, *, actor: Actor) -> TopUp:
    """Ask the processor to give a refunded top-up back; a repeat gives nothing more. The sweep repeats it."""
    outcome = processor_named(top_up.card.processor).refund(
        RefundRequest(
            key=f"refund:{top_up.public_id}",
            charge_reference=top_up.processor_reference,
            amount_minor=top_up.amount,
        )
    )
    if isinstance(outcome, Refunded):
        with recorded(actor):
            TopUp.objects.filter(pk=top_up.pk, refund_reference="").update(refund_reference=outcome.reference)
        top_up.refund_reference = outcome.reference
    elif isinstance(outcome, RefundRefused):
        # The wallet gave the money and the card did not get it: people must look. The sweep goes on asking.
        log.error("refund_refused", top_up=str(top_up.public_id), processor_code=outcome.code)
    return top_up


def _locked(top_up_id: int) -> TopUp:
    return TopUp.objects.select_for_update(of=("self",)).select_related("card", "user").get(pk=top_up_id)


def _tell(what: str, top_up: TopUp, actor: Actor, data: dict[str, object]) -> None:
    owe(
        f"payments:top_up:{what}",
        key=f"top-up-{what}:{top_up.public_id}",
        payload={"top_up_id": top_up.pk},
        user_id=top_up.user_id,
        priority="security",
    )
    record(f"payments:top_up:{what}", actor=actor, subject=top_up, user_id=top_up.user_id, data=data)
