"""What customers are told about cards and top-ups: everywhere they can be reached, in their language, without bait."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from pytest_django.fixtures import Settings

from payments.actions.card_endings import remove_card
from payments.actions.top_up_reversals import refund_top_up
from payments.models import Card, TopUp, TopUpState
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import SWEEP, balance, fresh, linked_card, top_up
from tests.people import Person, fresh_email, make_customer
from tests.processes import Worker
from wallet_site.local.mail import messages_of
from wallet_site.local.processes import wait_until
from wallet_site.outbox.models import Event
from wallet_site.outbox.owing import owe
from wallet_site.outbox.registry import Recipient, notice_for
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up")]

TOPICS = [
    "payments:card:linked",
    "payments:card:removed",
    "payments:card:blocked",
    "payments:top_up:succeeded",
    "payments:top_up:refunded",
    "payments:top_up:disputed",
]


def owed(topic: str, card: Card, made: TopUp) -> Event:
    key = f"test:{topic}:{card.public_id}"
    payload = {"card_id": card.pk, "top_up_id": made.pk, "device": "Chrome on Windows", "network": "10.1.2.3"}
    with recorded(SWEEP):
        owe(topic, key=key, payload=payload, user_id=card.user_id)
    return Event.objects.get(key=key)


@pytest.mark.parametrize("topic", TOPICS)
def test_each_notice_says_what_and_when_in_both_languages(harness: SandboxHarness, topic: str) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    event = owed(topic, card, top_up(aya, card).top_up)
    subjects = set()
    for language in ("ja", "en"):
        recipient = Recipient(address=aya.email, language=language, name=aya.user.full_name)
        message = notice_for(topic).message(event, recipient)
        subjects.add(message.subject)
        short = notice_for(topic).message(event, replace(recipient, channel="push"))
        assert (short.subject, short.text, short.html) == (message.subject, message.subject, "")
        for text in (message.text, message.html):
            assert "•••• 4242" in text
            assert "0120-000-000" in text
            assert "Aya Sato" in text
            assert str(event.created_at.year) in text
            assert "http" not in text.replace("http://www.w3.org", ""), "no link to follow, none to forge"
        if topic.startswith("payments:top_up"):
            assert "¥3,000" in message.text
        assert "\n" not in message.subject
    assert len(subjects) == 2


def test_security_notices_go_to_the_former_address_too(
    harness: SandboxHarness, application_connection: psycopg.Connection
) -> None:
    aya = make_customer("aya")
    former = aya.email
    card = linked_card(aya, harness)
    made = top_up(aya, card).top_up
    application_connection.execute(
        "UPDATE accounts_user SET email = %s WHERE id = %s", [fresh_email("zoe"), aya.user.pk]
    )
    aya.user.refresh_from_db()
    for topic in TOPICS:
        told = {recipient.address for recipient in notice_for(topic).recipients(owed(topic, card, made))}
        if topic == "payments:top_up:succeeded":
            assert told == {aya.user.email}, "a receipt warns of nothing and goes to the owner alone"
        else:
            assert told == {aya.user.email, former}


def subjects(person: Person) -> list[str]:
    return [mail.subject for mail in messages_of(person.email)]


def test_a_real_worker_settles_what_is_unknown_and_sends_what_is_owed(
    harness: SandboxHarness, worker: Worker, settings: Settings
) -> None:
    mio = make_customer("mio")
    card = linked_card(mio, harness, cards.SLOW_THEN_SUCCEEDS)
    begun = top_up(mio, card).top_up
    assert begun.state == TopUpState.UNKNOWN

    def settled() -> bool:
        return TopUp.objects.get(pk=begun.pk).state == TopUpState.SUCCEEDED

    wait_until(settled, within_seconds=60, otherwise=worker.said)
    assert balance(mio) == 3_000
    refund_top_up(TopUp.objects.select_related("card").get(pk=begun.pk), reason="test", actor=SWEEP)
    remove_card(card, actor=fresh(mio))
    expected = {
        "You topped up ¥3,000",
        "A top-up of ¥3,000 went back to your card",
        "A card was removed from your wallet",
    }
    wait_until(lambda: expected <= set(subjects(mio)), within_seconds=60, otherwise=worker.said)
