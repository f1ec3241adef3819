"""A few sends between the demo people, and a request that waits for an answer. Repeating it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from accounts.models import User
from payments import posting
from payments.actions.findability import change_findability
from payments.actions.money_requests import ask_for_money
from payments.actions.payees import write_payee
from payments.errors import InsufficientFunds
from payments.models import Findability, MoneyRequest, Payee, Transfer
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

# Who, to whom, yen, and what they wrote.
SENDS = (
    ("emma", "aya", 1_500, "Concert ticket"),
    ("aya", "ken", 1_200, "ランチ代、ありがとう"),
    ("luca", "emma", 700, "Taxi"),
)
ASKS = ("ken", "aya", 800, "コーヒー代")
FOUND = ("aya", "ken", "emma")


def make_sends(people: Mapping[str, User], actor: Actor) -> bool:
    """Make what is missing; returns whether anything was. A wallet that is too empty sends nothing."""
    one = {name: people[f"{name}@example.com"] for name in ("aya", "ken", "emma", "luca")}
    asker, asked, amount, words = ASKS
    if MoneyRequest.objects.filter(requester=one[asker], request_key="demo").exists():
        return False
    for name in FOUND:
        if not Findability.objects.filter(user=one[name]).exists():
            change_findability(one[name], by_email=True, by_phone=bool(one[name].phone), actor=actor)
    for number, (sender, recipient, yen, message) in enumerate(SENDS):
        _send(one[sender], one[recipient], yen, message, f"demo:{number}", actor)
    with recorded(actor):
        payee = write_payee(one[asker].pk, one[asked].pk, Payee.How.EMAIL)
    ask_for_money(
        one[asker],
        payee_id=payee.public_id,
        amount_minor=amount,
        message=words,
        request_key="demo",
        actor=actor,
    )
    return True


def _send(sender: User, recipient: User, amount_minor: int, message: str, key: str, actor: Actor) -> None:
    """By the books' own function: nobody sits at a demo person's second factor."""
    if Transfer.objects.filter(sender=sender, idempotency_key=key).exists():
        return
    try:
        with recorded(actor):
            write_payee(sender.pk, recipient.pk, Payee.How.EMAIL)
            posting.send(
                sender_id=sender.pk,
                recipient_id=recipient.pk,
                idempotency_key=key,
                fingerprint=b"demo",
                amount_minor=amount_minor,
                currency=settings.CURRENCY,
                message=message,
                request_id=None,
                per_send_minor=settings.SEND_PER_SEND,
                per_day_minor=settings.SEND_PER_DAY,
                per_month_minor=settings.SEND_PER_MONTH,
            )
    except InsufficientFunds:
        return
