"""A letter to one customer: rendered once, kept, and sent through the outbox."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError

from accounts.models import User
from support import policy
from support.models import Letter
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Conflict
from wallet_site.money import format_money
from wallet_site.outbox.owing import owe
from wallet_site.outbox.registry import Message, render_notice
from wallet_site.transactions import recorded


@dataclass(frozen=True, slots=True)
class Apology:
    """What an agent fills in. Every text is in the letter's language; `amount_minor` is yen, None for no amount."""

    language: str
    what_happened: str
    what_we_did: str
    what_to_do: str
    repaid_when: str
    never_again: str
    amount_minor: int | None = None


def render_apology(customer: User, apology: Apology) -> Message:
    """The letter as the customer will get it; nothing is stored."""
    amount = format_money(apology.amount_minor) if apology.amount_minor else ""
    context = {
        "name": customer.full_name,
        "letter": apology,
        "amount": amount,
        "support_phone": settings.SUPPORT_PHONE,
        "operator_name": settings.OPERATOR_NAME,
    }
    return render_notice("support/apology", apology.language, context)


def send_apology(
    customer: User, apology: Apology, *, letter_id: uuid.UUID, reason: str, actor: Actor
) -> Letter:
    """Store the letter as rendered now and owe it to the customer's address.

    `letter_id` comes with the form: sending it again answers the letter that is there, and nobody gets a second one.
    Raises `Conflict` when the id names a letter to somebody else.
    """
    staff = policy.require(actor, "send_letter")
    message = render_apology(customer, apology)
    letter = Letter(
        public_id=letter_id,
        customer=customer,
        template=Letter.Template.APOLOGY,
        language=apology.language,
        subject=message.subject,
        text=message.text,
        html=message.html,
        amount_minor=apology.amount_minor,
        currency="JPY" if apology.amount_minor else "",
        reason=reason,
        made_by=staff,
    )
    try:
        with recorded(actor):
            _write(letter, actor)
    except IntegrityError as error:
        known = Letter.objects.filter(public_id=letter_id, customer=customer).first()
        if known is None:
            raise Conflict from error
        return known
    return letter


def _write(letter: Letter, actor: Actor) -> None:
    letter.save(force_insert=True)
    owe(
        "support:letter:sent",
        key=letter.event_key,
        payload={"letter_id": letter.pk},
        user_id=letter.customer_id,
        priority="ordinary",
    )
    record(
        "support:letter:sent",
        actor=actor,
        subject=letter,
        user_id=letter.customer_id,
        data={
            "template": letter.template,
            "language": letter.language,
            "amount_minor": letter.amount_minor,
            "reason": letter.reason,
        },
    )
