"""Balance, activity and codes as an app sees them: its own customer's, page by page, never another's."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actions.suspensions import suspend
from payments.actions.store_payments import take_payment
from payments.models import OneTimeCode
from tests.api_client import Phone
from tests.payments.books import Counter, customer_with, open_counter, top_up
from tests.people import make_customer
from wallet_site.actor import Actor

pytestmark = pytest.mark.django_db(transaction=True)


def sell(counter: Counter, digits: str, amount: int) -> None:
    take_payment(
        counter.terminal,
        code=digits,
        amount_minor=amount,
        currency="JPY",
        reference=uuid4().hex[:12],
        idempotency_key=str(uuid4()),
        actor=counter.actor,
    )


def make_code(phone: Phone) -> dict[str, object]:
    answer = phone.post("/api/v1/one-time-codes", idempotency_key=None)
    assert answer.status == 201, answer.content
    made: dict[str, object] = answer.json()
    return made


def test_the_balance_and_what_may_be_spent() -> None:
    phone = Phone.signed_in(customer_with(12_480))
    answer = phone.get("/api/v1/wallet")
    body = answer.json()
    assert (body["currency"], body["balance"], body["held"], body["available"]) == ("JPY", 12_480, 0, 12_480)
    assert {limit["rule"] for limit in body["limits"]} >= {"per-payment", "per-day"}
    again = phone.get("/api/v1/wallet", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status == 304


def test_activity_comes_in_pages_without_gap_or_repeat() -> None:
    aya = customer_with(0)
    for amount in range(1, 8):
        top_up(aya, amount)
    phone = Phone.signed_in(aya)
    seen, link = [], "/api/v1/activity?page_size=3"
    while link:
        page = phone.get(link).json()
        seen += [line["amount"] for line in page["results"]]
        link = (page["next"] or "").partition("://")[2].partition("/")[2]
        link = f"/{link}" if link else ""
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_a_line_says_what_the_page_says() -> None:
    aya, counter = customer_with(5_000), open_counter()
    phone = Phone.signed_in(aya)
    sell(counter, str(make_code(phone)["digits"]), 842)
    line = phone.get("/api/v1/activity").json()["results"][0]
    assert (line["kind"], line["amount"], line["balance_after"]) == ("payment", -842, 4_158)
    assert line["title"].endswith("渋谷店")


@pytest.mark.parametrize(
    "query", ["page_size=0", "page_size=101", "page_size=x", "before=0", "before=-1", f"before={2**63}",
              "before=1&before=2", "before=%00", "user=1", "customer_id=2"]
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(query: str) -> None:
    answer = Phone.signed_in(make_customer()).get(f"/api/v1/activity?{query}")
    assert (answer.status, answer.code) == (422, "invalid-input")


def test_a_code_is_shown_once_and_tells_how_it_stands() -> None:
    aya, counter = customer_with(5_000), open_counter()
    phone = Phone.signed_in(aya)
    code = make_code(phone)
    path = f"/api/v1/one-time-codes/{code['id']}"
    assert str(code["grouped"]).replace(" ", "") == code["digits"]
    state = phone.get(path).json()
    assert (state["state"], state["payment"]) == ("live", None)
    assert str(code["digits"]) not in str(state)

    sell(counter, str(code["digits"]), 9_999)
    declined = phone.get(path).json()
    assert (declined["state"], declined["payment"]["decline_reason"]) == ("live", "insufficient-funds")

    sell(counter, str(code["digits"]), 842)
    used = phone.get(path).json()
    assert (used["state"], used["payment"]["status"], used["payment"]["amount"]) == ("used", "captured", 842)
    assert phone.get("/api/v1/wallet").json()["balance"] == 4_158


def test_a_new_code_replaces_the_one_before_and_an_old_one_expires() -> None:
    phone = Phone.signed_in(make_customer())
    first, second = make_code(phone), make_code(phone)
    assert phone.get(f"/api/v1/one-time-codes/{first['id']}").json()["state"] == "replaced"
    OneTimeCode.objects.filter(pk=second["id"]).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert phone.get(f"/api/v1/one-time-codes/{second['id']}").json()["state"] == "expired"


@pytest.mark.requirement(44)
def test_another_customers_code_and_money_are_not_found() -> None:
    aya = Phone.signed_in(customer_with(5_000))
    code = make_code(aya)
    ken = Phone.signed_in(make_customer("ken"))
    assert ken.get(f"/api/v1/one-time-codes/{code['id']}").status == 404
    assert ken.get(f"/api/v1/one-time-codes/{2**70}").status == 404
    assert ken.get("/api/v1/activity").json() == {"results": [], "next": None}
    assert ken.get("/api/v1/wallet").json()["balance"] == 0


@pytest.mark.requirement(34)
def test_who_may_not_spend_gets_no_code() -> None:
    aya = customer_with(5_000)
    phone = Phone.signed_in(aya)
    suspend(
        aya.user,
        scope="spending",
        reason_code="fraud",
        reason="test",
        channel="agent",
        actor=Actor.system("test"),
    )
    refused = phone.post("/api/v1/one-time-codes", idempotency_key=None)
    assert (refused.status, refused.code, refused.json()["capability"]) == (403, "suspended", "spending")
    assert phone.get("/api/v1/me").json()["restrictions"] == ["spending"]
    assert phone.get("/api/v1/wallet").json()["balance"] == 5_000


@pytest.mark.parametrize(
    ("path", "most"), [("/api/v1/wallet", 6), ("/api/v1/activity", 4), ("/api/v1/me", 3)]
)
def test_reading_asks_the_database_little_and_the_same_for_one_row_and_thirty(path: str, most: int) -> None:
    counts = []
    for rows in (1, 30):
        aya = customer_with(0)
        for _row in range(rows):
            top_up(aya, 100)
        phone = Phone.signed_in(aya)
        with CaptureQueriesContext(connection) as asked:
            assert phone.get(path).status == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= most
