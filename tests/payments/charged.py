"""Top-ups that succeeded without a processor being asked: fast, and of a processor that no other test knows."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from payments.actions.disputes import write_dispute
from payments.actions.top_ups import apply_outcome
from payments.models import Account, Card, Dispute, OwnerMatch, TopUp
from payments.processors.base import DisputeEvent, SettlementEntry, Succeeded
from tests.people import Person
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

WEBHOOK = Actor.system("tests' webhook")


def card_of(person: Person, processor: str = "sandbox") -> Card:
    with recorded(Actor.system("tests")):
        return Card.objects.create(
            user=person.user,
            processor=processor,
            token=f"pm_{secrets.token_hex(12)}",
            brand="visa",
            last_four="4242",
            expiry_month=12,
            expiry_year=2034,
            country="JP",
            fingerprint=secrets.token_hex(16),
            three_d_secure="authenticated",
            owner_match=OwnerMatch.SAME,
            linked_at=timezone.now(),
        )


def charged(
    person: Person, amount_minor: int = 3_000, *, processor: str = "sandbox", card: Card | None = None
) -> TopUp:
    """A top-up that the processor has charged under a reference of its own."""
    used = card or card_of(person, processor)
    with recorded(person.actor):
        made = TopUp.objects.create(
            user=person.user,
            card=used,
            amount=amount_minor,
            currency=settings.CURRENCY,
            request_key=uuid.uuid4().hex,
            request_fingerprint=b"tests",
            network="203.0.113.7",
            device="Chrome on Windows",
        )
    outcome = Succeeded(f"pi_{secrets.token_hex(12)}", amount_minor)
    return apply_outcome(made.pk, outcome, actor=WEBHOOK)


def dispute_event(
    top_up: TopUp, state: str = "open", *, reference: str = "", amount_minor: int = 0
) -> DisputeEvent:
    return DisputeEvent(
        reference=reference or f"dp_{top_up.public_id.hex[:24]}",
        top_up_id="",
        charge_reference=top_up.processor_reference,
        amount_minor=amount_minor or top_up.amount,
        reason="fraudulent",
        state=state,
    )


def hear(event: DisputeEvent, processor: str = "sandbox") -> None:
    """What a verified webhook does."""
    with recorded(WEBHOOK):
        write_dispute(processor, event, actor=WEBHOOK)


def disputed(person: Person, amount_minor: int = 3_000) -> Dispute:
    """A charge of this customer that was just taken back."""
    made = charged(person, amount_minor)
    hear(dispute_event(made))
    return Dispute.objects.select_related("top_up__user", "top_up__card").get(top_up=made)


def total(kind: str) -> int:
    """What all of the portal's own accounts of a kind hold together."""
    return int(
        Account.objects.filter(kind=kind, currency="JPY").aggregate(total=Sum("balance", default=0))["total"]
    )


@dataclass
class FileProcessor:
    """A processor of which only its settlement file is asked; without cards its `name` is nobody else's."""

    name: str = field(default_factory=lambda: f"t{secrets.token_hex(6)}")
    entries: list[SettlementEntry] = field(default_factory=list)

    def settlement_entries(self, begins: datetime, ends: datetime) -> list[SettlementEntry]:
        return list(self.entries)
