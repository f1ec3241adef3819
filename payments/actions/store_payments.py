"""A store takes a payment by a customer's code, and gives money back. Approved and declined are both answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from celery import current_app
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import policy
from payments import limits, one_time_codes, posting, risk_facts
from payments.actions import risk_decisions
from payments.errors import (
    ConfirmationNeeded,
    EventKeyConflict,
    PaymentNotFound,
    ReferenceUsed,
    RefundTooHigh,
    TerminalCutOff,
)
from payments.merchant_webhooks.owing import owe_payment
from payments.models import DeclineReason, Payment, PaymentStatus, Refund, Terminal
from wallet_site import ratelimit
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest
from wallet_site.errors import TooManyTries
from wallet_site.idempotency.once import KeyReused, fingerprint
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

# Codes that never existed, by one terminal within an hour. A till that misreads stays below; one that guesses stops.
WRONG_CODES_PER_HOUR = 20
# How long a store may wait with a capture; then the money is the customer's again.
AUTHORIZED_FOR = timedelta(days=7)


# With what its tracks need; who tops up by itself is told by the same query.
_PAYMENTS = Payment.objects.select_related("store__merchant", "customer__auto_top_up")


@dataclass(frozen=True, slots=True)
class TakenPayment:
    """A payment, approved or declined. `repeated`: an earlier request with this key made it."""

    payment: Payment
    repeated: bool


def take_payment(
    terminal: Terminal,
    *,
    code: str,
    amount_minor: int,
    currency: str,
    reference: str,
    idempotency_key: str,
    actor: Actor,
    capture: bool = True,
) -> TakenPayment:
    """Take `amount_minor` from whoever shows `code`, or decline with a reason. `capture` False only holds it for later.

    A decline uses up neither the code nor the customer's limit. The same key again answers the first result.
    Raises `TerminalCutOff` for a terminal that guesses, `KeyReused` for a key of another request and `ReferenceUsed`
    for a reference of an earlier payment.
    """
    _refuse_guessing(terminal)
    code_digest = digest(one_time_codes.plain(code), one_time_codes.DIGEST_PURPOSE)
    caps, verdict = _judge(code_digest, terminal, amount_minor)

    def take(verdict: risk_decisions.Verdict) -> TakenPayment:
        with recorded(actor):
            payment_id, repeated = posting.take_store_payment(
                terminal_id=terminal.pk,
                idempotency_key=idempotency_key,
                fingerprint=fingerprint(
                    "payment", code_digest, str(amount_minor), currency, reference, str(capture)
                ),
                reference=reference,
                code_digest=code_digest,
                amount_minor=amount_minor,
                currency=currency,
                per_payment_minor=caps.per_payment,
                per_day_minor=caps.per_day,
                hold_until=None if capture else timezone.now() + AUTHORIZED_FOR,
                refusal=verdict.refusal,
                risk=verdict.as_stored(),
            )
            payment = _PAYMENTS.get(pk=payment_id)
            if not repeated:
                _note_taken(payment, actor)
                risk_decisions.note_payment(payment, verdict, actor=actor)
        return TakenPayment(payment, repeated)

    try:
        taken = take(verdict)
    except ConfirmationNeeded:
        # Above the customer's threshold, and they have not confirmed this amount for this store: then it is declined.
        taken = take(risk_decisions.Verdict(refusal=DeclineReason.CONFIRM_FIRST.value))
    except EventKeyConflict as conflict:
        raise KeyReused from conflict
    except IntegrityError as error:
        if "payments_payment_reference" not in str(error):
            raise
        raise ReferenceUsed(reference=reference) from error
    if taken.payment.decline_reason == DeclineReason.CODE_UNKNOWN and not taken.repeated:
        _count_wrong_code(terminal)
    return taken


def _judge(
    code_digest: bytes, terminal: Terminal, amount_minor: int
) -> tuple[limits.Caps, risk_decisions.Verdict]:
    """What limits and risk say to the owner of a code. For a code of nobody it does not matter: nothing is taken."""
    now = timezone.now()
    shopper = risk_facts.shopper(code_digest, terminal.pk)
    cool_off_until = policy.cool_off(shopper.customer_id) if shopper else None
    caps = limits.caps(
        limits.Facts(
            now=now,
            account_opened_at=shopper.account_opened_at if shopper else now,
            spent_today=0,  # counted by the database, under the lock of the day's row
            cool_off_until=cool_off_until,
        )
    )
    if shopper is None or amount_minor > caps.per_payment:
        # Nobody is asked to confirm what their limit refuses anyhow.
        return caps, risk_decisions.Verdict()
    facts = risk_facts.of_spending(
        shopper,
        amount_minor=amount_minor,
        most_minor=caps.per_payment,
        cool_off_until=cool_off_until,
        now=now,
    )
    return caps, risk_decisions.judge_payment(facts, verified_at=shopper.verified_at)


def _note_taken(payment: Payment, actor: Actor) -> None:
    facts = {"amount": payment.amount, "currency": payment.currency, "store": payment.store.name}
    if payment.status == PaymentStatus.DECLINED:
        facts["reason"] = payment.decline_reason
        record(
            "terminal:payment:declined", actor=actor, subject=payment, user_id=payment.customer_id, data=facts
        )
        return
    if payment.status == PaymentStatus.AUTHORIZED:
        record(
            "terminal:payment:authorized",
            actor=actor,
            subject=payment,
            user_id=payment.customer_id,
            data=facts,
        )
        owe_payment(payment, "payment.authorized")
        return
    note_captured(payment, actor)


def note_captured(payment: Payment, actor: Actor) -> None:
    """The tracks of a capture, inside its transaction: the audit's row and the customer's receipt."""
    record(
        "terminal:payment:captured",
        actor=actor,
        subject=payment,
        user_id=payment.customer_id,
        data={"amount": payment.captured, "currency": payment.currency, "store": payment.store.name},
    )
    owe(
        "payments:payment:captured",
        key=f"payment:{payment.public_id}",
        payload={"payment": str(payment.public_id)},
        user_id=payment.customer_id,
    )
    owe_payment(payment, "payment.captured")
    hurry_auto_top_up(payment)


def hurry_auto_top_up(payment: Payment) -> None:
    """After the commit, wake the worker for a customer who tops up by itself; the sweep comes by anyhow."""
    setting = getattr(payment.customer, "auto_top_up", None)
    if setting is not None and setting.is_on:
        user_id = setting.user_id
        transaction.on_commit(lambda: _wake(user_id))


def _wake(user_id: int) -> None:
    try:
        current_app.send_task("payments.auto_top_up", args=[user_id], expires=30)
    except OperationalError:
        log.warning("broker_away_auto_top_up_waits_for_sweep", user=user_id)


def _refuse_guessing(terminal: Terminal) -> None:
    """Asks without counting. Without Redis nothing is taken: a limit that cannot be counted is one reached."""
    _wrong_codes(terminal, cost=0)


def _count_wrong_code(terminal: Terminal) -> None:
    _wrong_codes(terminal, cost=1)


def _wrong_codes(terminal: Terminal, *, cost: int) -> None:
    try:
        ratelimit.take(
            "terminal-wrong-codes",
            str(terminal.pk),
            limit=WRONG_CODES_PER_HOUR,
            period_seconds=3600,
            cost=cost,
        )
    except TooManyTries as refusal:
        raise TerminalCutOff(retry_after=refusal.retry_after) from refusal


@dataclass(frozen=True, slots=True)
class MadeRefund:
    """A refund. `repeated`: an earlier request with this key made it."""

    refund: Refund
    repeated: bool


def refund_payment(
    terminal: Terminal, *, payment_public_id: UUID, amount_minor: int, idempotency_key: str, actor: Actor
) -> MadeRefund:
    """Give back a part of a captured payment of the terminal's merchant. Repeats answer the first result.

    Raises `PaymentNotFound`, `RefundTooHigh` when all refunds together would pass the capture, and `KeyReused`.
    """
    payment = Payment.objects.filter(
        public_id=payment_public_id, store__merchant_id=terminal.store.merchant_id
    ).first()
    if payment is None:
        raise PaymentNotFound
    try:
        with recorded(actor):
            refund_id, repeated = posting.refund_store_payment(
                terminal_id=terminal.pk,
                idempotency_key=idempotency_key,
                payment_public_id=str(payment.public_id),
                amount_minor=amount_minor,
            )
            refund = Refund.objects.select_related("payment__store__merchant").get(pk=refund_id)
            if not repeated:
                _note_refunded(refund, actor)
    except EventKeyConflict as conflict:
        raise KeyReused from conflict
    except RefundTooHigh as refusal:
        payment.refresh_from_db()
        raise RefundTooHigh(refundable=payment.captured - payment.refunded) from refusal
    return MadeRefund(refund, repeated)


def _note_refunded(refund: Refund, actor: Actor) -> None:
    customer_id = refund.payment.customer_id
    record(
        "terminal:refund:made",
        actor=actor,
        subject=refund,
        user_id=customer_id,
        data={"amount": refund.amount, "payment": str(refund.payment.public_id)},
    )
    owe(
        "payments:refund:made",
        key=f"refund:{refund.public_id}",
        payload={"refund": str(refund.public_id)},
        user_id=customer_id,
    )
    owe_payment(
        refund.payment, "payment.refunded", refund={"id": str(refund.public_id), "amount": refund.amount}
    )
