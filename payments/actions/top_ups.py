"""Topping up: claim -> ask the processor -> record what it said. A crash between any two leaves work for the sweep.

The three steps share nothing but the row: the request's key makes one row, the row's key makes one charge at the
processor, the row's event key makes one journal in the books. Whichever news of the charge comes first (the answer,
a webhook, the sweep) posts the money; all later ones find it posted.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never
from uuid import UUID

import structlog
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts import policy
from accounts.models import User
from payments import posting
from payments.actions import risk_decisions
from payments.actions.top_up_checks import check_limits, check_pace, usable_card
from payments.errors import AutoTopUpNotDue, WalletFrozen
from payments.models import ProcessorCustomer, TopUp, TopUpState
from payments.processors.base import (
    ChargeOutcome,
    ChargeRequest,
    Declined,
    LookUp,
    NeedsAction,
    NotFound,
    NotSent,
    Processing,
    Reason,
    Succeeded,
    Unknown,
)
from payments.processors.registry import processor_named
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Problem
from wallet_site.idempotency.once import KeyReused, fingerprint
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

# Longer than the processor may take to answer: until then the request that made the row is still at work on it.
FIRST_CHECK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Started:
    """A top-up as far as it got; `repeated` when an earlier request with the same key had begun it."""

    top_up: TopUp
    repeated: bool


def start_top_up(
    user: User,
    *,
    card_id: UUID,
    amount_minor: int,
    request_key: str,
    actor: Actor,
    only_if: Callable[[posting.LockedWallet], None] | None = None,
    automatic: bool = False,
) -> Started:
    """Charge a linked card and credit the wallet.

    A repeat with the same key and the same card and amount returns the first one as it now stands and charges nothing;
    another request under the key raises `KeyReused`. Raises `Suspended`, `WalletFrozen`, `CardNotFound`,
    `CardNotUsable`, `TopUpLimitReached`, `InvalidInput`, `TooManyTries` and, for what looks unusual, `RiskStepUp`,
    `RiskDelayed` and `RiskDenied`; then nothing was charged. `only_if` is asked under the wallet's lock before a new
    one and may raise; `automatic` says on the row that the portal began it.
    """
    asked = fingerprint("top-up", str(card_id), str(amount_minor))
    try:
        top_up, is_new = _claim(user, card_id, amount_minor, request_key, asked, actor, only_if, automatic)
    except AutoTopUpNotDue:
        raise
    except Problem as refusal:
        _record_refusal(user, card_id, amount_minor, refusal, actor)
        raise
    if is_new:
        outcome = processor_named(top_up.card.processor).charge(request_for(top_up))
        top_up = apply_outcome(top_up.pk, outcome, actor=actor)
    return Started(top_up, repeated=not is_new)


def _claim(
    user: User,
    card_id: UUID,
    amount_minor: int,
    request_key: str,
    asked: bytes,
    actor: Actor,
    only_if: Callable[[posting.LockedWallet], None] | None,
    automatic: bool,
) -> tuple[TopUp, bool]:
    """Under the wallet's lock: find the key's top-up, or judge the request and write a new one."""
    with recorded(actor):
        wallet = posting.lock_wallet(user.pk, currency=settings.CURRENCY)
        known = TopUp.objects.select_related("card").filter(user=user, request_key=request_key).first()
        if known is not None:
            if bytes(known.request_fingerprint) != asked:
                raise KeyReused
            return known, False
        if only_if is not None:
            only_if(wallet)
        policy.require(user.pk, "top_up")
        if wallet.top_up_frozen:
            raise WalletFrozen
        now = timezone.now()
        check_pace(user)
        card = usable_card(user, card_id)
        facts = check_limits(user, card, amount_minor, balance=wallet.balance, actor=actor)
        number = uuid.uuid4()
        risk_decisions.clear(user.pk, facts, actor=actor, subject=("payments.topup", str(number)))
        top_up = TopUp.objects.create(
            public_id=number,
            user=user,
            card=card,
            amount=amount_minor,
            currency=settings.CURRENCY,
            request_key=request_key,
            request_fingerprint=asked,
            automatic=automatic,
            network=actor.network or None,
            device=actor.device,
            created_at=now,
            check_at=now + FIRST_CHECK,
        )
        record(
            "payments:top_up:requested",
            actor=actor,
            subject=top_up,
            user_id=user.pk,
            data={"amount_minor": amount_minor, "card": str(card)},
        )
    return top_up, True


def _record_refusal(user: User, card_id: UUID, amount_minor: int, refusal: Problem, actor: Actor) -> None:
    """A denial leaves its reason in a transaction of its own; nothing else happened."""
    with recorded(actor):
        risk_decisions.note_refusal(refusal, actor=actor)
        record(
            "payments:top_up:refused",
            actor=actor,
            subject=("payments.card", str(card_id)),
            user_id=user.pk,
            data={"amount_minor": amount_minor, "problem": refusal.code, **refusal.extra},
        )


def request_for(top_up: TopUp) -> ChargeRequest:
    """What the processor is asked: the same at every try, as its key is."""
    customer = ProcessorCustomer.objects.get(user_id=top_up.user_id, processor=top_up.card.processor)
    return ChargeRequest(
        key=top_up.processor_key,
        top_up_id=str(top_up.public_id),
        customer=customer.reference,
        card_token=top_up.card.token,
        amount_minor=top_up.amount,
        currency=top_up.currency,
        return_url=settings.PUBLIC_URL + reverse("payments:top_up_detail", args=[top_up.public_id]),
    )


def apply_outcome(top_up_id: int, outcome: ChargeOutcome | LookUp, *, actor: Actor) -> TopUp:
    """`write_outcome` in a transaction of its own."""
    with recorded(actor):
        return write_outcome(top_up_id, outcome, actor=actor)


def write_outcome(top_up_id: int, outcome: ChargeOutcome | LookUp, *, actor: Actor) -> TopUp:
    """Record news of a charge inside the caller's transaction. Old news of a settled top-up changes nothing."""
    top_up = TopUp.objects.select_for_update(of=("self",)).select_related("card", "user").get(pk=top_up_id)
    if not top_up.is_open:
        _report_contradiction(top_up, outcome, actor)
        return top_up
    match outcome:
        case Succeeded():
            _succeed(top_up, outcome, actor)
        case Declined(reference, reason):
            _fail(top_up, reference, reason, actor)
        case NotSent():
            _fail(top_up, "", Reason.PROCESSOR_UNAVAILABLE, actor)
        case NeedsAction(reference, url):
            _move(top_up, TopUpState.NEEDS_ACTION, reference=reference, action_url=url)
        case Processing(reference):
            _move(top_up, TopUpState.PROCESSING, reference=reference)
        case Unknown() | NotFound():
            _move(top_up, _state_without_news(top_up))
        case _:
            assert_never(outcome)
    return top_up


def _state_without_news(top_up: TopUp) -> TopUpState:
    """Not knowing makes "begun" unknown; it takes nothing away from what is known already."""
    state = TopUpState(top_up.state)
    return TopUpState.UNKNOWN if state == TopUpState.CREATED else state


def _succeed(top_up: TopUp, outcome: Succeeded, actor: Actor) -> None:
    if outcome.amount_minor != top_up.amount:
        # Credit nothing that was not asked for: people must look.
        log.error("top_up_charged_with_another_amount", top_up=str(top_up.public_id))
        record(
            "payments:top_up:amount_differs",
            actor=actor,
            subject=top_up,
            user_id=top_up.user_id,
            data={"asked_minor": top_up.amount, "charged_minor": outcome.amount_minor},
        )
        _move(top_up, TopUpState.UNKNOWN, reference=outcome.reference)
        return
    wallet = posting.lock_wallet(top_up.user_id, currency=top_up.currency)
    posted = posting.post_top_up(
        event_key=top_up.event_key,
        wallet_account_id=wallet.account_id,
        amount_minor=top_up.amount,
        reference=str(top_up.public_id),
        currency=top_up.currency,
    )
    top_up.journal_id = posted.journal_id
    _move(top_up, TopUpState.SUCCEEDED, reference=outcome.reference)
    owe(
        "payments:top_up:succeeded",
        key=f"top-up-succeeded:{top_up.public_id}",
        payload={"top_up_id": top_up.pk},
        user_id=top_up.user_id,
    )
    record(
        "payments:top_up:succeeded",
        actor=actor,
        subject=top_up,
        user_id=top_up.user_id,
        data={"amount_minor": top_up.amount},
    )


def _fail(top_up: TopUp, reference: str, reason: Reason, actor: Actor) -> None:
    top_up.failure_reason = reason
    _move(top_up, TopUpState.FAILED, reference=reference)
    record(
        "payments:top_up:failed",
        actor=actor,
        subject=top_up,
        user_id=top_up.user_id,
        data={"amount_minor": top_up.amount, "reason": reason.value},
    )


def _move(top_up: TopUp, state: TopUpState, *, reference: str = "", action_url: str | None = None) -> None:
    """Write the new state; the database refuses a step that there is not."""
    if state != top_up.state:
        top_up.check_at = timezone.now() + timedelta(seconds=3)
    if state != TopUpState.NEEDS_ACTION:
        top_up.action_url = None
    elif action_url is not None:
        top_up.action_url = action_url
    top_up.state = state
    top_up.processor_reference = top_up.processor_reference or reference
    top_up.save(
        update_fields=["state", "failure_reason", "processor_reference", "action_url", "journal", "check_at"]
    )
    top_up.refresh_from_db(fields=["changed_at"])


def _report_contradiction(top_up: TopUp, outcome: ChargeOutcome | LookUp, actor: Actor) -> None:
    """A charge that the processor had called failed: no automatic step is right, so people are told."""
    if isinstance(outcome, Succeeded) and top_up.journal_id is None:
        log.error("charged_after_failure", top_up=str(top_up.public_id), reference=outcome.reference)
        record(
            "payments:top_up:charged_after_failure",
            actor=actor,
            subject=top_up,
            user_id=top_up.user_id,
            data={"reference": outcome.reference, "amount_minor": outcome.amount_minor},
        )
