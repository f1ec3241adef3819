"""A merchant's programs: what they are owed, the day's settlement, payments; by key, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.test import Client

from payments.actions.merchants import add_merchant_key, revoke_merchant_key, set_fee
from payments.actions.settlements import settle_merchants
from payments.models import MerchantKey, Settlement
from tests.api_client import Phone
from tests.payments.actions.test_settlements import merchant_of, sell
from tests.payments.books import TESTS, Counter, customer_with, open_counter
from tests.payments.past import at_noon, days_ago, set_back
from tests.people import fresh_network, make_customer

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Desk:
    """A merchant's back office with its key."""

    counter: Counter
    key: MerchantKey
    text: str

    def get(self, path: str, *, method: str = "GET", body: Any = None) -> Any:
        client = Client(REMOTE_ADDR=fresh_network(), raise_request_exception=False)
        return client.generic(
            method,
            f"/api/v1/merchant/{path}",
            data=body or "",
            content_type="application/json",
            headers={"Authorization": f"Merchant {self.text}", "Accept-Language": "en"},
        )


def back_office(counter: Counter | None = None) -> Desk:
    counter = counter or open_counter()
    return Desk(counter, *add_merchant_key(merchant_of(counter), name="ERP", actor=TESTS))


def test_a_merchant_reads_what_it_is_owed_and_was_paid(owner_connection: psycopg.Connection) -> None:
    aya, desk = customer_with(9_000), back_office()
    set_fee(merchant_of(desk.counter), basis_points=180, actor=TESTS)
    sale = sell(desk.counter, aya, 2_000)
    set_back(owner_connection, [sale.journal_id], at_noon(days_ago(1)))
    settle_merchants(TESTS)
    sell(desk.counter, aya, 300)

    owed = desk.get("payable")
    assert owed.json() == {"currency": "JPY", "payable": 300, "fee_basis_points": 180}
    listed = desk.get("settlements").json()["results"]
    assert [(one["day"], one["payments"], one["fee"], one["payout"]) for one in listed] == [
        (days_ago(1).isoformat(), 2_000, 36, 1_964)
    ]
    assert desk.get(f"settlements/{listed[0]['id']}").json() == listed[0]
    report = desk.get(f"settlements/{listed[0]['id']}/report")
    assert report["Content-Type"].startswith("text/csv") and b"payout," in report.content
    taken = desk.get("payments").json()["results"]
    assert [(one["captured"], one["terminal"]) for one in taken] == [(300, "1"), (2_000, "1")]
    assert "customer" not in taken[0]


@pytest.mark.requirement(44)
def test_another_merchant_finds_nothing(owner_connection: psycopg.Connection) -> None:
    aya, mine, theirs = customer_with(9_000), back_office(), back_office()
    set_back(owner_connection, [sell(mine.counter, aya, 2_000).journal_id], at_noon(days_ago(1)))
    settle_merchants(TESTS)
    number = Settlement.objects.get(merchant=merchant_of(mine.counter)).public_id
    for path in (f"settlements/{number}", f"settlements/{number}/report"):
        assert mine.get(path).status_code == 200
        refused = theirs.get(path)
        assert (refused.status_code, refused.json()["code"]) == (404, "settlement-not-found")
    assert theirs.get("settlements").json()["results"] == []
    assert theirs.get("payments").json()["results"] == []
    assert theirs.get("payable").json()["payable"] == 0


@pytest.mark.requirement(34)
def test_only_a_live_key_opens_it() -> None:
    desk, other = back_office(), back_office()
    assert desk.get("payable").status_code == 200
    key_id, _dot, secret = desk.text.partition(".")
    other_secret = other.text.partition(".")[2]
    for wrong in (
        f"{key_id}.",
        f"{key_id}.{other_secret}",
        f".{secret}",
        "nonsense",
        f"{key_id}\x00.{secret}",
    ):
        answer = Desk(desk.counter, desk.key, wrong).get("payable")
        assert (answer.status_code, answer.json().get("code")) == (401, "merchant-not-known"), (
            wrong,
            answer.content,
        )
        assert answer["WWW-Authenticate"] == "Merchant"
    credentials = desk.counter.credentials
    client = Client(REMOTE_ADDR=fresh_network())
    till = {"Authorization": f"Terminal {credentials.key_id}.{credentials.api_key}"}
    assert client.get("/api/v1/merchant/payable", headers=till).status_code == 401
    assert Phone.signed_in(make_customer("aya")).get("/api/v1/merchant/payable").status == 401
    revoke_merchant_key(desk.key, actor=TESTS)
    assert desk.get("payable").status_code == 401


def test_a_key_takes_no_payment_and_signs_for_no_terminal() -> None:
    desk = back_office()
    client = Client(REMOTE_ADDR=fresh_network())
    refused = client.post(
        "/api/v1/terminal/payments",
        data={"code": "1", "amount": 1, "reference": "x"},
        content_type="application/json",
        headers={"Authorization": f"Merchant {desk.text}", "Idempotency-Key": str(uuid4())},
    )
    assert refused.status_code == 401
