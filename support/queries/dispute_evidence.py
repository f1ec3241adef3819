"""What the desk can show a bank about a disputed charge: who signed in, how the card was proven, what was paid, who was
told. Gathered anew for each look; what is submitted is frozen in the request that a second person approves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from accounts.models import SignIn
from payments.actions.dispute_answers import EvidenceTexts
from payments.models import CardLinking, Dispute, Payment, PaymentStatus
from wallet_site.outbox.models import Delivery

# Around the charge: who was signed in then, and what was paid with its money.
BEFORE = timedelta(days=7)
AFTER = timedelta(days=30)
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that speaks about one charge, oldest first."""

    dispute: Dispute
    linking: CardLinking | None
    sign_ins: Sequence[SignIn]
    payments: Sequence[Payment]
    notices: Sequence[Delivery]


def gather(dispute: Dispute) -> Evidence:
    """Read it all; a handful of queries, however much there is."""
    top_up = dispute.top_up
    at = top_up.created_at
    around = {"started_at__gte": at - BEFORE, "started_at__lte": at + AFTER}
    sign_ins = SignIn.objects.filter(user_id=top_up.user_id, **around).order_by("started_at")
    payments = Payment.objects.filter(
        customer_id=top_up.user_id,
        status__in=[PaymentStatus.CAPTURED, PaymentStatus.AUTHORIZED],
        made_at__gte=at,
        made_at__lte=at + AFTER,
    )
    keys = [f"top-up-succeeded:{top_up.public_id}", f"card-linked:{top_up.card.public_id}"]
    notices = Delivery.objects.filter(event__key__in=keys, sent_at__isnull=False).select_related("event")
    return Evidence(
        dispute=dispute,
        linking=CardLinking.objects.filter(card_id=top_up.card_id).first(),
        sign_ins=list(sign_ins[:SHOWN]),
        payments=list(payments.select_related("store").order_by("made_at")[:SHOWN]),
        notices=list(notices.order_by("sent_at")[:SHOWN]),
    )


def as_texts(evidence: Evidence) -> EvidenceTexts:
    """For the bank: in English, times in UTC, no address and no name but the store's."""
    dispute, top_up = evidence.dispute, evidence.dispute.top_up
    log = [
        f"{_at(one.started_at)} signed in with password and {one.factor or 'second factor'}: "
        f"{one.device}, {one.network or 'network unknown'}"
        for one in evidence.sign_ins
    ]
    log += [
        f"{_at(one.made_at)} paid {one.amount} {one.currency} at {one.store.name}"
        for one in evidence.payments
    ]
    facts = [
        f"{_at(top_up.created_at)} wallet topped up with {top_up.amount} {top_up.currency} from the card ending in "
        f"{top_up.card.last_four}, by {top_up.device or 'a device unknown'}, {top_up.network or 'network unknown'}.",
        f"{_at(top_up.card.linked_at)} card linked; 3-D Secure result: {top_up.card.three_d_secure}; name on the card "
        f"compared with the customer's: {top_up.card.owner_match}.",
    ]
    if evidence.linking is not None:
        origin = [evidence.linking.device, str(evidence.linking.network or "")]
        facts.append(f"Linked from: {', '.join(part for part in origin if part)}.")
    facts += [
        f"{_at(one.sent_at)} notice of it delivered to the customer ({one.channel})."
        for one in evidence.notices
    ]
    if dispute.customer_said:
        word = "made" if dispute.customer_said == Dispute.Said.ME else "did not make"
        facts.append(f"{_at(dispute.customer_said_at)} the customer told us that they {word} this charge.")
    return {
        "purchase_network": str(top_up.network or ""),
        "access_log": "\n".join(log) or "none",
        "text": "\n".join(facts),
    }


def _at(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if moment else ""
