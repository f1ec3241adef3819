"""A customer's pages and API of disputes and of payments they did not make: their own alone, told in plain words."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.urls import reverse

from accounts import policy
from accounts.models import Suspension
from payments.models import Dispute, Entry, PaymentReport
from support.models import Case
from tests.api_client import Phone
from tests.payments.books import customer_with, move, open_counter, shown_code, wallet
from tests.payments.charged import charged, dispute_event, disputed, hear
from tests.payments.test_pages import sell
from tests.people import Person, anonymous_client, half_signed_in_client, make_customer, signed_in_client

pytestmark = [pytest.mark.django_db(transaction=True)]


def url(name: str, *args: object) -> str:
    return reverse(f"payments:{name}", args=args)


def paid(person: Person) -> int:
    """A payment of theirs in a store; returns its journal."""
    sell(open_counter(), shown_code(person), 700)
    return newest(person)


def newest(person: Person) -> int:
    return int(Entry.objects.filter(account=wallet(person)).latest("account_seq").journal_id)


def test_each_state_is_told_in_plain_words_and_the_word_is_kept() -> None:
    aya = make_customer("mio")
    dispute, browser = disputed(aya), signed_in_client(aya)
    page = url("dispute", dispute.public_id)
    assert "took the amount back" in browser.get(page).content.decode()
    assert browser.post(page, {"said": ""}).status_code == 422
    assert browser.post(page, {"said": "not_me", "text": "never"}).status_code == 302
    dispute.refresh_from_db()
    assert (dispute.customer_said, dispute.customer_text) == ("not_me", "never")
    assert "Was it you?" not in browser.get(page).content.decode()
    assert browser.post(page, {"said": "me"}).status_code == 409
    for state, words in (("answered", "The bank is deciding"), ("won", "the top-up stands")):
        hear(dispute_event(dispute.top_up, state))
        assert words in browser.get(page).content.decode()
    lost = disputed(aya)
    hear(dispute_event(lost.top_up, "lost"))
    assert "keeps the amount" in browser.get(url("dispute", lost.public_id)).content.decode()
    listed = browser.get(url("disputes")).content.decode()
    assert page in listed and url("dispute", lost.public_id) in listed
    # The entries of the activity and the top-up lead there.
    for entry in (
        browser.get(url("activity_entry", dispute.opening_id)),
        browser.get(url("top_up_detail", dispute.top_up.public_id)),
    ):
        assert page in entry.content.decode()
    assert "Charged-back top-up given back" in browser.get(url("activity")).content.decode()


@pytest.mark.requirement(44)
def test_strangers_see_and_say_nothing() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    dispute, journal = disputed(aya), paid(aya)
    browser, phone = signed_in_client(ken), Phone.signed_in(ken)
    for page in (url("dispute", dispute.public_id), url("report", journal)):
        assert (
            browser.get(page).status_code,
            browser.post(page, {"said": "me", "text": "x"}).status_code,
        ) == (404, 404)
        for nobody in (anonymous_client(), half_signed_in_client(ken)):
            assert nobody.get(page).status_code == 302
    here = f"/api/v1/disputes/{dispute.public_id}"
    assert (phone.get(here).status, phone.post(f"{here}/word", {"said": "me"}).status) == (404, 404)
    assert phone.post("/api/v1/payment-reports", {"movement": journal, "freeze": True}).status == 404
    assert phone.get("/api/v1/disputes").json()["results"] == []
    assert Dispute.objects.get(pk=dispute.pk).customer_said == ""
    assert not PaymentReport.objects.filter(journal_id=journal).exists()
    assert not policy.is_stopped(ken.user.pk, "spending")


def test_a_report_calls_the_desk_once_and_stops_the_money_at_once() -> None:
    aya = customer_with(5_000, "mio")
    journal, browser = paid(aya), signed_in_client(aya)
    page = url("report", journal)
    assert page in browser.get(url("activity_entry", journal)).content.decode()
    assert browser.post(page, {"text": "I was at home."}).status_code == 302
    assert not policy.is_stopped(aya.user.pk, "spending")
    for _ in range(2):
        assert browser.post(page, {"text": "Stop it", "freeze": "on"}).status_code == 302
    case = Case.objects.get(customer=aya.user, queue="payment_report")
    assert case.text == f"#{journal}\nI was at home."
    for what in ("spending", "sending", "top_up"):
        assert policy.is_stopped(aya.user.pk, what)  # type: ignore[arg-type]
    assert Suspension.objects.filter(user=aya.user).count() == 3
    assert browser.get(page).status_code == 200, "still signed in, and told that it is with the desk"
    assert "with our support" in browser.get(page).content.decode()


def test_what_nobody_did_is_not_reported() -> None:
    aya, ken = customer_with(5_000), customer_with(5_000, "ken")
    browser = signed_in_client(aya)
    received = move(wallet(ken).pk, wallet(aya).pk, 250).journal_id
    dispute = disputed(aya)
    for journal in (received, dispute.opening_id):
        assert url("report", journal) not in browser.get(url("activity_entry", journal)).content.decode()
        assert browser.post(url("report", journal), {"freeze": "on"}).status_code == 409
    assert not PaymentReport.objects.filter(user=aya.user).exists()
    assert browser.get(url("report", charged(aya).journal_id)).status_code == 200


def test_the_api_says_the_same() -> None:
    aya = customer_with(5_000)
    dispute, phone = disputed(aya), Phone.signed_in(aya)
    here = f"/api/v1/disputes/{dispute.public_id}"
    shown = phone.get(here).json()
    assert (shown["state"], shown["amount"], shown["from_wallet"]) == ("needs_response", 3_000, 3_000)
    assert [one["id"] for one in phone.get("/api/v1/disputes").json()["results"]] == [str(dispute.public_id)]
    refused = phone.post(f"{here}/word", {"said": "perhaps"})
    assert (refused.status, refused.json()["errors"][0]["pointer"]) == (422, "/said")
    assert phone.post(f"{here}/word", {"said": "me"}).json()["said"] == "me"
    assert phone.post(f"{here}/word", {"said": "not_me"}).json()["code"] == "dispute-closed"
    asked: dict[str, Any] = {"movement": paid(aya), "text": "not me", "freeze": True}
    assert [phone.post("/api/v1/payment-reports", asked).status for _ in range(2)] == [201, 200]
    assert policy.is_stopped(aya.user.pk, "spending")
    for wrong in ({"movement": "1"}, {"movement": 0}, {"movement": 2**63}, {"movement": 1, "whose": "mine"}):
        assert phone.post("/api/v1/payment-reports", wrong).status == 422
    assert phone.get(f"/api/v1/disputes/{uuid.uuid4()}").status == 404
    assert phone.get(f"/api/v1/disputes/{uuid.uuid4()}").json()["code"] == "dispute-not-found"


def test_pages_ask_the_same_for_one_and_for_many(django_assert_max_num_queries: object) -> None:
    aya = make_customer("aya")
    dispute, browser = disputed(aya), signed_in_client(aya)
    pages = (
        url("disputes"),
        url("dispute", dispute.public_id),
        url("report", charged(aya).journal_id),
        url("activity"),
    )

    def queries() -> list[int]:
        counts = []
        for page in pages:
            with django_assert_max_num_queries(12) as counted:  # type: ignore[operator]
                assert browser.get(page).status_code == 200
            counts.append(len(counted))
        return counts

    browser.get(pages[0])
    few = queries()
    for _ in range(4):
        disputed(aya)
    assert queries() == few
