"""What tests of sending say often."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from accounts.models import SignIn, StepUpChallenge
from payments.actions.payees import write_payee
from payments.actions.transfers import Sent, send_money
from payments.models import MoneyRequest, Payee, Transfer
from tests.payments.books import TESTS, wallet
from tests.people import Person, session_key_for
from wallet_site.actor import Actor
from wallet_site.errors import StepUpRequired
from wallet_site.transactions import recorded


def signed_in(person: Person) -> Actor:
    """The person in a browser session with a second factor proven just now."""
    session_key_for(person)
    sign_in = SignIn.objects.filter(user=person.user).latest("pk")
    return replace(person.actor, session_id=str(sign_in.public_id), verified_at=timezone.now())


def knows(owner: Person, person: Person) -> Payee:
    """`person` as a payee of `owner`'s, found before."""
    with recorded(TESTS):
        return write_payee(owner.user.pk, person.user.pk, Payee.How.EMAIL)


def confirm_all(actor: Actor, *, since: timedelta = timedelta(0)) -> int:
    """The person proves their factor for every question that is put to this session, as the page does."""
    return StepUpChallenge.objects.filter(
        user_id=actor.user_id, bearer=f"session:{actor.session_id}", proven_at=None
    ).update(proven_at=timezone.now() - since, proven_by="totp")


def try_send(
    actor: Actor, person: Person, payee: Payee, amount: int, *, key: str = "", message: str = ""
) -> Sent:
    return send_money(
        person.user,
        payee_id=payee.public_id,
        amount_minor=amount,
        message=message,
        request_key=key or uuid.uuid4().hex,
        actor=actor,
    )


def send(
    actor: Actor, person: Person, payee: Payee, amount: int, *, key: str = "", message: str = ""
) -> Sent:
    """Asked, confirmed, sent."""
    key = key or uuid.uuid4().hex
    try:
        return try_send(actor, person, payee, amount, key=key, message=message)
    except StepUpRequired:
        confirm_all(actor)
    return try_send(actor, person, payee, amount, key=key, message=message)


def balances(*people: Person) -> list[int]:
    return [wallet(person).balance for person in people]


def sent_by(person: Person) -> list[int]:
    return list(Transfer.objects.filter(sender=person.user).order_by("pk").values_list("amount", flat=True))


def requests_to(person: Person) -> list[str]:
    return list(MoneyRequest.objects.filter(payer=person.user).order_by("pk").values_list("state", flat=True))
