"""What tests of cards and top-ups say often."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import replace
from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from payments.actions.linkings import start_linking
from payments.actions.top_ups import Started, start_top_up
from payments.models import (
    Account,
    Card,
    CardLinking,
    Entry,
    Journal,
    OwnerMatch,
    ProcessorCustomer,
    TopUp,
)
from payments.processors.base import NewCustomer
from tests.payments.processors.harness import SUCCEEDS, SandboxHarness
from tests.people import Person
from wallet_site.actor import Actor
from wallet_site.audit.models import AuditRow
from wallet_site.transactions import recorded

SWEEP = Actor.system("tests' sweep")


def fresh(person: Person) -> Actor:
    """The person with a second factor proven just now."""
    return replace(person.actor, verified_at=timezone.now())


def linked_card(
    person: Person, harness: SandboxHarness, number: str = SUCCEEDS, *, days_old: int = 30
) -> Card:
    """A card that passed 3-D Secure at the processor, linked so many days ago."""
    customer = processor_customer(person.user, harness)
    details = harness.link(customer, number, holder=person.user.full_name).card
    with recorded(Actor.system("tests")):
        return Card.objects.create(
            user=person.user,
            processor="sandbox",
            token=details.token,
            brand=details.brand,
            last_four=details.last_four,
            expiry_month=details.expiry_month,
            expiry_year=details.expiry_year,
            country=details.country,
            # One's own in every test, as the cap on wallets counts over the whole run.
            fingerprint=secrets.token_hex(16),
            three_d_secure="authenticated",
            owner_match=OwnerMatch.SAME,
            linked_at=timezone.now() - timedelta(days=days_old),
        )


def processor_customer(user: User, harness: SandboxHarness) -> str:
    known = ProcessorCustomer.objects.filter(user=user).first()
    if known is not None:
        return known.reference
    reference = harness.processor.register_customer(NewCustomer(str(user.public_id), user.full_name))
    ProcessorCustomer.objects.create(user=user, processor="sandbox", reference=reference)
    return reference


def top_up(person: Person, card: Card, amount_minor: int = 3_000, *, key: str = "") -> Started:
    return start_top_up(
        person.user,
        card_id=card.public_id,
        amount_minor=amount_minor,
        request_key=key or uuid.uuid4().hex,
        actor=person.actor,
    )


def begin_linking(person: Person) -> tuple[CardLinking, str]:
    return start_linking(person.user, actor=fresh(person))


def balance(person: Person) -> int:
    return Account.objects.get(owner=person.user, kind="wallet").balance


def credits_of(top_up: TopUp) -> list[int]:
    """Every entry that this top-up put into its customer's wallet."""
    entries = Entry.objects.filter(
        account__owner_id=top_up.user_id, journal__reference=str(top_up.public_id), amount__gt=0
    )
    return list(entries.values_list("amount", flat=True))


def nothing_moved(person: Person) -> bool:
    """No money in the wallet, no top-up that is or may become a charge."""
    wallet = Account.objects.get(owner=person.user, kind="wallet")
    open_or_done = TopUp.objects.filter(user=person.user).exclude(state="failed").exists()
    return wallet.balance == 0 and wallet.seq == 0 and not open_or_done


def books_balance() -> bool:
    total = Account.objects.aggregate(total=Sum("balance"))["total"]
    return total == 0 and not Journal.objects.filter(entries__isnull=True).exists()


def make_due(top_up: TopUp) -> None:
    """The sweep asks about it now."""
    TopUp.objects.filter(pk=top_up.pk).update(check_at=timezone.now() - timedelta(days=1))


def audited(person: Person, action: str) -> list[dict[str, object]]:
    rows = AuditRow.objects.filter(user_id=person.user.pk, action=action).order_by("pk")
    return [json.loads(row.data) if isinstance(row.data, str) else row.data for row in rows]
