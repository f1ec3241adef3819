"""One apology reaches one customer once, as it was previewed, and the timeline says what became of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.utils import timezone

from support.actions.letters import Apology, send_apology
from support.errors import RoleMissing
from support.models import Letter
from tests.people import Person, make_customer, make_staff, signed_in_client
from tests.support.desk import agent, page_of
from wallet_site.errors import Conflict
from wallet_site.outbox.models import Delivery, Event
from wallet_site.outbox.relay import relay

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]

ENGLISH = Apology(
    language="en",
    what_happened="A payment was taken twice on 3 July.",
    what_we_did="We gave it back.",
    what_to_do="Nothing.",
    repaid_when="Today.",
    never_again="Each payment has a key of its own now.",
    amount_minor=3_200,
)


def form(**changes: Any) -> dict[str, Any]:
    return {
        "letter_id": str(uuid.uuid4()), "language": "en", "what_happened": "A payment was taken twice on 3 July.",
        "amount": "3,200", "what_we_did": "We gave it back.", "what_to_do": "Nothing.", "repaid_when": "Today.",
        "never_again": "Each payment has a key of its own now.", "reason": "case 7", "do": "confirm",
    } | changes  # fmt: skip


def mails_to(person: Person) -> list[mail.EmailMessage]:
    relay("ordinary")
    return [one for one in mail.outbox if one.to == [person.email]]


def test_it_is_previewed_sent_once_and_seen_in_the_timeline() -> None:
    aya, rin = make_customer("aya"), agent()
    client = signed_in_client(rin)
    sent = form()
    preview = client.post(page_of(aya, "letter/"), sent | {"do": "review"})
    assert "A payment was taken twice" in preview.content.decode()
    assert not Letter.objects.filter(customer=aya.user).exists()
    for _twice in range(2):
        assert client.post(page_of(aya, "letter/"), sent).status_code == 302
    assert "Waiting to be sent" in client.get(page_of(aya)).content.decode()
    assert len(mails_to(aya)) == 1
    assert len(mails_to(aya)) == 1  # the task ran once more
    shown = client.get(page_of(aya)).content.decode()
    assert "Letter of apology" in shown
    assert "Waiting to be sent" not in shown.split("Letter of apology")[1][:300]
    letter = Letter.objects.get(customer=aya.user)
    assert (letter.made_by, letter.amount_minor, letter.reason) == (rin.user, 3_200, "case 7")


def test_a_worker_killed_after_sending_sends_the_same_message_id() -> None:
    aya, rin = make_customer("aya"), agent()
    send_apology(aya.user, ENGLISH, letter_id=uuid.uuid4(), reason="x", actor=rin.actor)
    first = mails_to(aya)
    Delivery.objects.filter(event__user_id=aya.user.pk, event__topic="support:letter:sent").update(
        state="queued", sent_at=None, due_at=timezone.now() - timedelta(seconds=1)
    )
    again = mails_to(aya)
    assert len({str(one.message()["Message-ID"]) for one in [*first, *again]}) == 1


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_parts_stand_in_order_in_text_and_html(language: str) -> None:
    aya = make_customer("aya")
    apology = Apology(language, "PART-WHAT", "PART-DID", "PART-DO", "PART-WHEN", "PART-NEVER", 3_200)
    send_apology(aya.user, apology, letter_id=uuid.uuid4(), reason="x", actor=agent().actor)
    letter = mails_to(aya)[-1]
    html = str(letter.alternatives[0][0])  # type: ignore[attr-defined]
    order = ["PART-WHAT", "¥3,200", "PART-DID", "PART-DO", "PART-WHEN", "PART-NEVER", "0120-000-000"]
    for text in (str(letter.body), html):
        places = [text.index(part) for part in order]
        assert places == sorted(places)
    assert ("申し訳" in str(letter.body)) == (language == "ja")


@pytest.mark.requirement(45)
def test_what_is_typed_stays_words() -> None:
    aya = make_customer("aya")
    aya.user.full_name = "Aya\r\nBcc: thief@example.com <script>alert(1)</script>"
    aya.user.save(update_fields=["full_name"])
    apology = Apology("en", "<b>bold</b>", "a", "b", "", "c")
    send_apology(aya.user, apology, letter_id=uuid.uuid4(), reason="x", actor=agent().actor)
    letter = mails_to(aya)[-1]
    html = str(letter.alternatives[0][0])  # type: ignore[attr-defined]
    assert "<script>" not in html
    assert "<b>bold</b>" not in html
    assert letter.recipients() == [aya.email]
    assert "Bcc" not in letter.message()


@pytest.mark.parametrize(
    "wrong",
    [{"what_happened": ""}, {"amount": "-5"}, {"amount": "many"}, {"repaid_when": ""}, {"reason": ""}],
)
def test_a_bad_form_sends_nothing(wrong: dict[str, str]) -> None:
    aya = make_customer("aya")
    answer = signed_in_client(agent()).post(page_of(aya, "letter/"), form(**wrong))
    assert answer.status_code == 422
    assert not Event.objects.filter(user_id=aya.user.pk, topic="support:letter:sent").exists()


def test_only_a_role_that_may_writes() -> None:
    aya = make_customer("aya")
    with pytest.raises(RoleMissing):
        send_apology(aya.user, ENGLISH, letter_id=uuid.uuid4(), reason="x", actor=make_staff("rin").actor)
    with pytest.raises(RoleMissing):
        send_apology(aya.user, ENGLISH, letter_id=uuid.uuid4(), reason="x", actor=aya.actor)
    assert not Letter.objects.filter(customer=aya.user).exists()


def test_an_id_of_another_letter_and_a_rewrite_are_refused() -> None:
    aya, ken, rin = make_customer("aya"), make_customer("ken"), agent()
    letter = send_apology(aya.user, ENGLISH, letter_id=uuid.uuid4(), reason="x", actor=rin.actor)
    with pytest.raises(Conflict):
        send_apology(ken.user, ENGLISH, letter_id=letter.public_id, reason="x", actor=rin.actor)
    with pytest.raises(DatabaseError), transaction.atomic():
        Letter.objects.filter(pk=letter.pk).update(text="never said")
