"""Disputes: a card's holder takes a charge back. Open -> answered or not -> won or lost, each posted exactly once.

Processors tell of it in any order and as often as they like. Whatever comes first opens the dispute; an end is recorded
once, and later news of a decided one changes nothing. While it is open, what the wallet no longer has lies in suspense.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.utils import timezone

from accounts.actions.suspensions import write_suspension
from accounts.models import Suspension
from payments import posting
from payments.actions.card_endings import write_block
from payments.errors import DisputeClosed, DisputeTooEarly
from payments.models import AccountKind, Dispute, DisputeState, Entry, JournalKind, TopUp, TopUpState
from payments.processors.base import DisputeEvent
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

# Where the processor names no time for our answer.
USUAL_TIME = timedelta(days=7)
_STATES = {
    "open": DisputeState.NEEDS_RESPONSE,
    "answered": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}


def write_dispute(processor: str, event: DisputeEvent, *, actor: Actor) -> None:
    """Record news of a dispute inside the caller's transaction; a repeat, and old news, change nothing.

    Raises `DisputeTooEarly` while its charge is not decided: the processor sends it again later.
    """
    top_up = _charged(event, actor)
    if top_up is None:
        return
    dispute = Dispute.objects.select_for_update().filter(top_up=top_up).first()
    if dispute is None:
        dispute = _open(top_up, processor, event, actor)
    elif dispute.reference != event.reference:
        # The bank takes back twice what was charged once: nothing automatic is right.
        _call_people("disputed_again", top_up, event, actor)
        return
    if dispute is not None:
        _move(dispute, _STATES[event.state], actor)


def _charged(event: DisputeEvent, actor: Actor) -> TopUp | None:
    """The top-up that is taken back, locked; None where nobody's charge is known, which people are told."""
    known = (
        TopUp.objects.filter(public_id=event.top_up_id)
        if event.top_up_id
        else TopUp.objects.exclude(processor_reference="").filter(processor_reference=event.charge_reference)
    )
    found = known.values_list("pk", flat=True).first()
    if found is None:
        log.error("dispute_of_unknown_top_up", reference=event.charge_reference)
        record(
            "payments:dispute:unknown_charge",
            actor=actor,
            subject=("payments.dispute", event.reference),
            data={"charge": event.charge_reference, "amount_minor": event.amount_minor},
        )
        return None
    return TopUp.objects.select_for_update(of=("self",)).select_related("card", "user").get(pk=found)


def _open(top_up: TopUp, processor: str, event: DisputeEvent, actor: Actor) -> Dispute | None:
    """The processor takes the money back from us at once. What the wallet still has pays for it, the rest waits in
    suspense; the card is blocked and top-ups stop, whoever wins: people decide about those."""
    if top_up.is_open:
        raise DisputeTooEarly
    if top_up.state != TopUpState.SUCCEEDED:
        # Refunded already, or never charged as far as we know: no money of ours to take.
        _call_people("dispute_without_money", top_up, event, actor)
        return None
    wallet = posting.lock_wallet(top_up.user_id, currency=top_up.currency)
    from_wallet = max(0, min(wallet.available, event.amount_minor, top_up.amount))
    settlement, suspense = (
        posting.own_account(kind, other_side=wallet.account_id, currency=top_up.currency)
        for kind in (AccountKind.PROCESSOR_SETTLEMENT, AccountKind.SUSPENSE)
    )
    legs = {
        settlement: event.amount_minor,
        wallet.account_id: -from_wallet,
        suspense: from_wallet - event.amount_minor,
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
    dispute = Dispute.objects.create(
        top_up=top_up,
        processor=processor,
        reference=event.reference,
        amount=event.amount_minor,
        currency=top_up.currency,
        from_wallet=from_wallet,
        reason=event.reason[:64],
        due_at=event.due_at or timezone.now() + USUAL_TIME,
        opening_id=posted.journal_id,
    )
    _stop(top_up, event, actor)
    owe(
        "payments:top_up:disputed",
        key=f"top-up-disputed:{top_up.public_id}",
        payload={"top_up_id": top_up.pk},
        user_id=top_up.user_id,
        priority="security",
    )
    record(
        "payments:top_up:disputed",
        actor=actor,
        subject=top_up,
        user_id=top_up.user_id,
        data={"amount_minor": event.amount_minor, "from_wallet_minor": from_wallet, "reason": event.reason},
    )
    return dispute


def _stop(top_up: TopUp, event: DisputeEvent, actor: Actor) -> None:
    write_block(top_up.card, why="disputed", actor=actor)
    write_suspension(
        top_up.user,
        scope=Suspension.Scope.TOP_UP,
        reason_code=Suspension.Reason.FRAUD,
        reason=f"Top-up {top_up.public_id} was charged back ({event.reason}).",
        channel=Suspension.Channel.SYSTEM,
        actor=actor,
    )


def _move(dispute: Dispute, state: DisputeState, actor: Actor) -> None:
    """On to a later state; an earlier one is old news. Won after lost, or lost after won, is for people."""
    is_verdict = state in (DisputeState.WON, DisputeState.LOST)
    if not dispute.is_open:
        if is_verdict and state != dispute.state:
            log.error("dispute_decided_twice", dispute=str(dispute.public_id), state=state)
            _record("decided_twice", dispute, actor)
        return
    if state in (DisputeState.NEEDS_RESPONSE, dispute.state):
        return
    if state == DisputeState.WON:
        _win(dispute)
    elif state == DisputeState.LOST:
        _lose(dispute)
    dispute.state = state
    if is_verdict:
        dispute.closed_at = timezone.now()
        owe(
            f"payments:dispute:{state}",
            key=f"dispute-{state}:{dispute.public_id}",
            payload={"dispute_id": dispute.pk},
            user_id=dispute.top_up.user_id,
            priority="security",
        )
    dispute.save(update_fields=["state", "closed_at", "closing"])
    _record(str(state), dispute, actor)


def _win(dispute: Dispute) -> None:
    """Everybody gets back what they gave."""
    entries = Entry.objects.filter(journal_id=dispute.opening_id)
    dispute.closing_id = posting.post_legs(
        event_key=f"top_up_dispute_won:{dispute.top_up.public_id}",
        kind=JournalKind.CORRECTION,
        legs={entry.account_id: -entry.amount for entry in entries},
        reference=str(dispute.top_up.public_id),
        reversal_of=dispute.opening_id,
    ).journal_id


def _lose(dispute: Dispute) -> None:
    """What the wallet did not have is our loss; nothing more is taken from anybody."""
    rest = dispute.amount - dispute.from_wallet
    if not rest:
        return
    taken_from = Entry.objects.filter(journal_id=dispute.opening_id, account__kind=AccountKind.SUSPENSE).get()
    dispute.closing_id = posting.post(
        event_key=f"top_up_dispute_lost:{dispute.top_up.public_id}",
        kind=JournalKind.CORRECTION,
        debit_account_id=posting.own_account(
            AccountKind.FRAUD_LOSS, other_side=taken_from.account_id, currency=dispute.currency
        ),
        credit_account_id=taken_from.account_id,
        amount_minor=rest,
        reference=str(dispute.top_up.public_id),
    ).journal_id


def say(dispute: Dispute, said: str, *, text: str = "", actor: Actor) -> Dispute:
    """Keep the customer's own word about a disputed charge, "me" or "not_me", once, while it is open.

    A repeat of the same word changes nothing; another word, or one that comes too late, raises `DisputeClosed`.
    """
    with recorded(actor):
        locked = Dispute.objects.select_for_update(of=("self",)).select_related("top_up").get(pk=dispute.pk)
        if locked.customer_said == said:
            return locked
        if locked.customer_said or not locked.is_open:
            raise DisputeClosed
        locked.customer_said = said
        locked.customer_text = text
        locked.customer_said_at = timezone.now()
        locked.save(update_fields=["customer_said", "customer_text", "customer_said_at"])
        _record(f"customer_said_{said}", locked, actor)
    return locked


def _record(what: str, dispute: Dispute, actor: Actor) -> None:
    record(
        f"payments:dispute:{what}",
        actor=actor,
        subject=dispute,
        user_id=dispute.top_up.user_id,
        data={"amount_minor": dispute.amount, "from_wallet_minor": dispute.from_wallet},
    )


def _call_people(what: str, top_up: TopUp, event: DisputeEvent, actor: Actor) -> None:
    log.error(what, top_up=str(top_up.public_id), state=top_up.state, reference=event.reference)
    record(
        f"payments:top_up:{what}",
        actor=actor,
        subject=top_up,
        user_id=top_up.user_id,
        data={"dispute": event.reference, "amount_minor": event.amount_minor, "state": event.state},
    )
