"""Top-ups that go back: refunds that we make, and disputes that a card's holder opens with their bank."""

from __future__ import annotations

import structlog
from django.utils import timezone

from accounts.actions.suspensions import write_suspension
from accounts.models import Suspension
from payments import posting
from payments.actions.card_endings import write_block
from payments.errors import DisputeTooEarly, TopUpNotRefundable
from payments.models import AccountKind, Entry, JournalKind, TopUp, TopUpState
from payments.processors.base import DisputeEvent, Refunded, RefundRefused, RefundRequest
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


def write_dispute(event: DisputeEvent, *, actor: Actor) -> None:
    """Record a dispute inside the caller's transaction; a repeat changes nothing.

    Opened: the processor takes the money back from us at once. What the wallet still has pays for it, the rest is our
    loss; the card is blocked and top-ups stop. Won by us: both get back what they gave.
    """
    charged = (
        TopUp.objects.filter(public_id=event.top_up_id)
        if event.top_up_id
        else TopUp.objects.exclude(processor_reference="").filter(processor_reference=event.charge_reference)
    )
    found = charged.values_list("pk", flat=True).first()
    if found is None:
        log.error("dispute_of_unknown_top_up", reference=event.charge_reference)
        return
    top_up = _locked(found)
    if event.state == "open":
        _open_dispute(top_up, event, actor)
    elif event.state == "won":
        _win_dispute(top_up, actor)
    else:
        record("payments:top_up:dispute_lost", actor=actor, subject=top_up, user_id=top_up.user_id)


def _open_dispute(top_up: TopUp, event: DisputeEvent, actor: Actor) -> None:
    if top_up.state == TopUpState.DISPUTED:
        return
    if top_up.is_open:
        raise DisputeTooEarly
    if top_up.state != TopUpState.SUCCEEDED:
        # Refunded already, or never charged as far as we know: no money of ours to take.
        log.error("dispute_without_money", top_up=str(top_up.public_id), state=top_up.state)
        return
    wallet = posting.lock_wallet(top_up.user_id, currency=top_up.currency)
    from_wallet = max(0, min(wallet.available, top_up.amount))
    settlement = posting.own_account(AccountKind.PROCESSOR_SETTLEMENT, other_side=wallet.account_id)
    loss = posting.own_account(AccountKind.FRAUD_LOSS, other_side=wallet.account_id)
    legs = {
        settlement: top_up.amount,
        wallet.account_id: -from_wallet,
        loss: from_wallet - top_up.amount,
    }
    posted = posting.post_legs(
        event_key=f"top_up_dispute:{top_up.public_id}",
        kind=JournalKind.TOP_UP_REVERSAL,
        legs={account: amount for account, amount in legs.items() if amount},
        reference=str(top_up.public_id),
        reversal_of=top_up.journal_id,
    )
    top_up.reversal_id = posted.journal_id
    top_up.state = TopUpState.DISPUTED
    top_up.save(update_fields=["state", "reversal"])
    write_block(top_up.card, why="disputed", actor=actor)
    write_suspension(
        top_up.user,
        scope=Suspension.Scope.TOP_UP,
        reason_code=Suspension.Reason.FRAUD,
        reason=f"Top-up {top_up.public_id} was charged back ({event.reason}).",
        channel=Suspension.Channel.SYSTEM,
        actor=actor,
    )
    _tell(
        "disputed",
        top_up,
        actor,
        {"amount_minor": top_up.amount, "from_wallet_minor": from_wallet, "reason": event.reason},
    )


def _win_dispute(top_up: TopUp, actor: Actor) -> None:
    """The card stays blocked and the suspension stays: people decide about those."""
    if top_up.state != TopUpState.DISPUTED or top_up.reversal_id is None:
        raise DisputeTooEarly
    entries = Entry.objects.filter(journal_id=top_up.reversal_id)
    posted = posting.post_legs(
        event_key=f"top_up_dispute_won:{top_up.public_id}",
        kind=JournalKind.CORRECTION,
        legs={entry.account_id: -entry.amount for entry in entries},
        reference=str(top_up.public_id),
        reversal_of=top_up.reversal_id,
    )
    if not posted.repeated:
        record("payments:top_up:dispute_won", actor=actor, subject=top_up, user_id=top_up.user_id)


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
