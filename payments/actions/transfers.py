"""Sending money to another customer: judged, confirmed for exactly this payee and amount, moved in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import policy, step_up
from accounts.models import User
from payments import posting, risk_facts, send_limits, transfer_queries
from payments.actions import risk_decisions
from payments.errors import (
    BadAmount,
    CoolingOff,
    EventKeyConflict,
    InsufficientFunds,
    PayeeUnavailable,
    SendLimitReached,
)
from payments.limit_words import sending_refused_because
from payments.models import MoneyRequest, Payee, Transfer
from payments.models.transfers import MESSAGE_LENGTH
from payments.person_names import masked_name, plain_message
from payments.queries import wallet_of
from payments.risk import Facts as RiskFacts
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput, Problem, StepUpRequired
from wallet_site.idempotency.once import KeyReused, fingerprint
from wallet_site.outbox.owing import owe
from wallet_site.switches import asking
from wallet_site.transactions import recorded

SEND = step_up.ActionKind("payments:transfer:send", _("Send %(amount)s to %(payee)s"))


@dataclass(frozen=True, slots=True)
class Sent:
    """A transfer; `repeated` when an earlier request with the same key had made it."""

    transfer: Transfer
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be sent, as it was asked for."""

    sender: User
    payee: Payee
    amount_minor: int
    message: str
    request: MoneyRequest | None
    key: str
    fingerprint: bytes

    @property
    def action(self) -> step_up.Action:
        """What the customer confirms: this amount to this person."""
        return SEND.of(
            amount_minor=self.amount_minor,
            payee=f"user:{self.payee.person.public_id}",
            payee_shown=masked_name(self.payee.person.full_name),
        )


def send_money(
    user: User,
    *,
    payee_id: UUID,
    amount_minor: int,
    message: str = "",
    request_key: str,
    actor: Actor,
    request: MoneyRequest | None = None,
) -> Sent:
    """Move `amount_minor` from the customer's wallet to a payee's, once per key; both see it at once and are told.

    `request`: the request for money that this pays. A repeat with the same key returns the first transfer and moves
    nothing; another request under it raises `KeyReused`. Raises `StepUpRequired` until exactly this payee and amount
    are confirmed (requirement 36), `PayeeNotFound`, `PayeeUnavailable`, `CoolingOff` (a new payee after a credential
    change), `Suspended`, `WalletFrozen`, `SwitchedOff`, `SendLimitReached`, `InsufficientFunds`, `NotSendable`,
    `RequestNotOpen`, `InvalidInput`, and `RiskStepUp`, `RiskDelayed`, `RiskDenied`. Then nothing was moved.
    """
    payee = transfer_queries.payee_of(user.pk, payee_id)
    said = read_message(message)
    about = str(request.public_id) if request else ""
    asked = _Asked(
        sender=user,
        payee=payee,
        amount_minor=amount_minor,
        message=said,
        request=request,
        key=request_key,
        fingerprint=fingerprint("transfer", str(payee.public_id), str(amount_minor), said, about),
    )
    if (known := _known(asked)) is not None:
        return known
    try:
        _caps, facts = _judge(asked, wallet_of(user.pk).pk, actor)
        # Nobody is asked to confirm what risk then refuses; what it wants confirmed, the question below confirms too.
        risk_decisions.check_but_for_step_up(user.pk, facts)
        step_up.require_for(actor, asked.action)
        return _send(asked, actor)
    except StepUpRequired:
        # The first of two with one key may have used the proof up meanwhile.
        if (known := _known(asked)) is not None:
            return known
        raise
    except Problem as refusal:
        _record_refusal(asked, refusal, actor)
        raise


def check_send(user: User, *, payee_id: UUID, amount_minor: int, message: str, actor: Actor) -> Payee:
    """Judge a send before it is confirmed, so that its page can say no at once; nothing is locked or kept.

    Returns the payee; raises like `send_money`, which judges again.
    """
    payee = transfer_queries.payee_of(user.pk, payee_id)
    wallet = wallet_of(user.pk)
    _judge(_Asked(user, payee, amount_minor, read_message(message), None, "", b""), wallet.pk, actor)
    if amount_minor > wallet.balance - wallet.held:
        raise InsufficientFunds(
            errors=[FieldError("/amount", InsufficientFunds.detail, InsufficientFunds.code)]
        )
    return payee


def read_message(text: str) -> str:
    """The message as it is kept. Raises `InvalidInput` for one that is too long."""
    said = plain_message(text)
    if len(said) > MESSAGE_LENGTH:
        words = _("Write at most %(most)d characters.") % {"most": MESSAGE_LENGTH}
        raise InvalidInput(errors=[FieldError("/message", words, "too-long")])
    return said


def _known(asked: _Asked) -> Sent | None:
    """The transfer that this key has made. Raises `KeyReused` when it was another one."""
    found = Transfer.objects.filter(sender=asked.sender, idempotency_key=asked.key).first()
    if found is None:
        return None
    if bytes(found.fingerprint) != asked.fingerprint:
        raise KeyReused
    return Sent(found, repeated=True)


def _judge(asked: _Asked, wallet_id: int, actor: Actor) -> tuple[send_limits.Caps, RiskFacts]:
    """Refuse what may not be sent; returns what the database holds to and what risk judges by.

    Called without a lock to say no early and once more under the wallet's.
    """
    user, person = asked.sender, asked.payee.person
    policy.require(user.pk, "sending")
    if not 0 < asked.amount_minor < 2**63:
        raise BadAmount(errors=[FieldError("/amount", BadAmount.detail, BadAmount.code)])
    if not person.is_active or person.kind != User.Kind.CUSTOMER or person.pk == user.pk:
        raise PayeeUnavailable
    now = timezone.now()
    facts, rules = transfer_queries.facts(user, wallet_id, now=now), transfer_queries.rules()
    paid_since = transfer_queries.paid_since(user.pk, person.pk)
    if paid_since is None and facts.cool_off_until is not None:
        raise CoolingOff(ends_at=facts.cool_off_until.isoformat())
    limit = send_limits.refusal(asked.amount_minor, facts, rules)
    if limit is not None:
        raise limit_refusal(limit)
    judged = risk_facts.of_sending(
        user,
        wallet_account_id=wallet_id,
        amount_minor=asked.amount_minor,
        most_minor=send_limits.most(facts, rules),
        payee_since=paid_since,
        actor=actor,
        cool_off_until=facts.cool_off_until,
        now=now,
    )
    return send_limits.caps(facts, rules), judged


def _send(asked: _Asked, actor: Actor) -> Sent:
    try:
        with recorded(actor):
            wallet_id = posting.lock_for_sending(
                asked.sender.pk, asked.payee.person_id, currency=settings.CURRENCY
            )
            if (known := _known(asked)) is not None:
                return known
            asking.require("sending")
            caps, facts = _judge(asked, wallet_id, actor)
            step_up.consume(actor, asked.action)
            transfer_id, _repeated = posting.send(
                sender_id=asked.sender.pk,
                recipient_id=asked.payee.person_id,
                idempotency_key=asked.key,
                fingerprint=asked.fingerprint,
                amount_minor=asked.amount_minor,
                currency=settings.CURRENCY,
                message=asked.message,
                request_id=asked.request.pk if asked.request else None,
                per_send_minor=caps.per_send,
                per_day_minor=caps.per_day,
                per_month_minor=caps.per_month,
            )
            transfer = Transfer.objects.get(pk=transfer_id)
            subject = ("payments.transfer", str(transfer.public_id))
            risk_decisions.clear(asked.sender.pk, facts, actor=actor, subject=subject)
            _note_sent(transfer, actor)
            return Sent(transfer, repeated=False)
    except EventKeyConflict as conflict:
        raise KeyReused from conflict


def _note_sent(transfer: Transfer, actor: Actor) -> None:
    """The tracks on both sides: the audit's rows and what is owed to both."""
    facts = {"amount_minor": transfer.amount, "transfer": str(transfer.public_id)}
    for action, user_id in (
        ("payments:transfer:sent", transfer.sender_id),
        ("payments:transfer:received", transfer.recipient_id),
    ):
        record(action, actor=actor, subject=transfer, user_id=user_id, data=facts)
        owe(
            action,
            key=f"{action}:{transfer.public_id}",
            payload={"transfer": str(transfer.public_id)},
            user_id=user_id,
        )


def _record_refusal(asked: _Asked, refusal: Problem, actor: Actor) -> None:
    """A denial leaves its reason in a transaction of its own; nothing else happened."""
    with recorded(actor):
        risk_decisions.note_refusal(refusal, actor=actor)
        record(
            "payments:transfer:refused",
            actor=actor,
            subject=("payments.payee", str(asked.payee.public_id)),
            user_id=asked.sender.pk,
            data={"amount_minor": asked.amount_minor, "problem": refusal.code, **refusal.extra},
        )


def limit_refusal(limit: send_limits.Limit) -> SendLimitReached:
    """The refusal that says which limit, how much it leaves and when it ends."""
    words = sending_refused_because(limit)
    extra: dict[str, Any] = {"limit": limit.rule.value, "cap_minor": limit.cap, "left_minor": limit.left}
    if limit.ends_at is not None:
        extra["ends_at"] = limit.ends_at.isoformat()
    return SendLimitReached(words, errors=[FieldError("/amount", words, limit.rule.value)], **extra)
