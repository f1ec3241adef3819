"""The terminal's API: only signed, whole, fresh and new requests; approved and declined; repeats; look-ups."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from payments.actions.merchants import TerminalCredentials, revoke_terminal
from payments.models import Payment
from payments.one_time_codes import draw
from tests.payments.books import TESTS, Counter, customer_with, open_counter, shown_code, wallet
from tests.people import make_customer, signed_in_client
from wallet_site.local.till import Till

pytestmark = pytest.mark.django_db

PAYMENTS = "/api/v1/terminal/payments"


@dataclass
class Wire:
    """A till on the test client: what `Till` signs is what is sent, unless a test meddles in between."""

    credentials: TerminalCredentials

    def send(self, method: str, path: str, body: dict[str, Any] | None = None, **meddled: Any) -> Any:
        raw = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if raw is not None else {}
        if raw is not None:
            headers["Idempotency-Key"] = meddled.pop("key", "") or str(uuid4())
        signed = Till(self.credentials).signed(method, settings.PUBLIC_URL + path, raw, headers)
        signed |= meddled.pop("headers", {})
        for name in meddled.pop("without", ()):
            signed.pop(name, None)
        return Client().generic(
            method,
            meddled.pop("to", path),
            meddled.pop("raw", raw) or b"",
            content_type=signed.pop("Content-Type", ""),
            headers=signed,
        )

    def sale(self, code: str, amount: int = 500, **more: Any) -> dict[str, Any]:
        return {"code": code, "amount": amount, "currency": "JPY", "reference": uuid4().hex} | more


def wired(counter: Counter) -> Wire:
    return Wire(counter.credentials)


def test_a_payment_is_approved_found_and_refunded() -> None:
    aya, wire = customer_with(5_000), wired(open_counter())
    sale = wire.sale(shown_code(aya), 1_200)
    taken = wire.send("POST", PAYMENTS, sale)
    assert taken.status_code == 201, taken.content
    body = taken.json()
    assert (body["approved"], body["status"], body["captured"], body["decline"]) == (
        True,
        "captured",
        1_200,
        None,
    )
    assert "customer" not in body
    assert wire.send("GET", f"{PAYMENTS}?reference={sale['reference']}").json() == body
    assert wire.send("GET", f"{PAYMENTS}/{body['id']}").json() == body
    refund = wire.send("POST", f"{PAYMENTS}/{body['id']}/refunds", {"amount": 200})
    assert refund.status_code == 201 and refund.json()["refundable"] == 1_000
    too_much = wire.send("POST", f"{PAYMENTS}/{body['id']}/refunds", {"amount": 1_001})
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund-too-high")
    assert too_much.json()["refundable"] == 1_000
    assert wallet(aya).balance == 4_000


def test_a_decline_is_an_answer_with_words_for_the_cashier() -> None:
    wire = wired(open_counter())
    answer = wire.send("POST", PAYMENTS, wire.sale(draw()), headers={"Accept-Language": "en"})
    assert answer.status_code == 201
    assert answer.json()["approved"] is False
    assert answer.json()["decline"]["code"] == "code-unknown"
    assert "ask for a new one" in answer.json()["decline"]["text"]


@pytest.mark.money(5)
def test_a_lost_answer_is_repeated() -> None:
    aya, wire = customer_with(5_000), wired(open_counter())
    sale, key = wire.sale(shown_code(aya)), str(uuid4())
    first = wire.send("POST", PAYMENTS, sale, key=key)
    again = wire.send("POST", PAYMENTS, sale, key=key)
    assert again.json() == first.json() and again["Idempotency-Replayed"] == "true"
    other = wire.send("POST", PAYMENTS, sale | {"amount": 501}, key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    same_reference = wire.send("POST", PAYMENTS, sale | {"code": shown_code(aya)})
    assert (same_reference.status_code, same_reference.json()["code"]) == (409, "reference-used")
    assert wallet(aya).balance == 4_500


@pytest.mark.parametrize(
    "meddled",
    [
        pytest.param({"without": ["Signature"]}, id="no signature"),
        pytest.param({"without": ["Signature-Input"]}, id="no input"),
        pytest.param({"without": ["Content-Digest"]}, id="no digest"),
        pytest.param({"without": ["Authorization"]}, id="no key"),
        pytest.param({"raw": b'{"amount": 1}'}, id="another body"),
        pytest.param({"to": PAYMENTS + "?x=1"}, id="another address"),
        pytest.param(
            {"headers": {"Idempotency-Key": "another-key-altogether"}}, id="another idempotency key"
        ),
        pytest.param({"headers": {"Signature": "till=:AAAA:"}}, id="nonsense"),
        pytest.param({"headers": {"Authorization": "Terminal x.y"}}, id="unknown terminal"),
        pytest.param({"headers": {"Authorization": "Bearer x"}}, id="another scheme"),
    ],
)
def test_meddled_requests_are_refused_and_move_nothing(meddled: dict[str, Any]) -> None:
    aya, counter = customer_with(5_000), open_counter()
    wire = wired(counter)
    answer = wire.send("POST", PAYMENTS, wire.sale(shown_code(aya)), **meddled)
    assert answer.status_code == 401, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert wallet(aya).balance == 5_000
    assert not Payment.objects.filter(terminal=counter.terminal).exists()


def test_a_request_seen_before_is_refused() -> None:
    wire = wired(open_counter())
    path = f"{PAYMENTS}?reference=none"
    signed = Till(wire.credentials).signed("GET", settings.PUBLIC_URL + path, None, {})
    assert Client().get(path, headers=signed).status_code == 404
    assert Client().get(path, headers=signed).status_code == 401


def test_an_old_request_is_refused(time_machine: Any) -> None:
    wire = wired(open_counter())
    path = f"{PAYMENTS}?reference=none"
    signed = Till(wire.credentials).signed("GET", settings.PUBLIC_URL + path, None, {})
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=400))
    assert Client().get(path, headers=signed).status_code == 401


def test_a_wrong_secret_or_another_terminal_s_signature_is_refused() -> None:
    counter, other = open_counter(), open_counter()
    for credentials in (
        replace(counter.credentials, signing_secret="x" * 43),
        replace(counter.credentials, api_key=other.credentials.api_key),
        replace(counter.credentials, key_id=other.credentials.key_id),
    ):
        assert Wire(credentials).send("GET", f"{PAYMENTS}?reference=none").status_code == 401


@pytest.mark.requirement(34)
def test_a_revoked_terminal_is_out_from_the_next_request() -> None:
    counter = open_counter()
    assert wired(counter).send("GET", f"{PAYMENTS}?reference=none").status_code == 404
    revoke_terminal(counter.terminal, actor=TESTS)
    assert wired(counter).send("GET", f"{PAYMENTS}?reference=none").status_code == 401


def test_customers_cannot_use_the_terminal_api() -> None:
    answer = signed_in_client(make_customer("aya")).get(f"{PAYMENTS}?reference=none")
    assert answer.status_code == 401


@pytest.mark.requirement(44)
def test_a_terminal_sees_its_own_references_and_its_merchant_s_payments_alone() -> None:
    aya, wire, other = customer_with(5_000), wired(open_counter()), wired(open_counter())
    sale = wire.sale(shown_code(aya))
    payment = wire.send("POST", PAYMENTS, sale).json()["id"]
    assert other.send("GET", f"{PAYMENTS}?reference={sale['reference']}").status_code == 404
    assert other.send("GET", f"{PAYMENTS}/{payment}").status_code == 404
    refused = other.send("POST", f"{PAYMENTS}/{payment}/refunds", {"amount": 1})
    assert (refused.status_code, refused.json()["code"]) == (404, "payment-not-found")


@pytest.mark.money(20)
@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"amount": 0}, "/amount"),
        ({"amount": -5}, "/amount"),
        ({"amount": 1.5}, "/amount"),
        ({"amount": "500"}, "/amount"),
        ({"amount": 2**63}, "/amount"),
        ({"amount": None}, "/amount"),
        ({"currency": "USD"}, "/currency"),
        ({"reference": ""}, "/reference"),
        ({"reference": "a b"}, "/reference"),
        ({"reference": "x" * 65}, "/reference"),
        ({"code": ""}, "/code"),
        ({"store": 1}, "/store"),
        ({"merchant_id": 1}, "/merchant_id"),
    ],
)
def test_bad_values_are_named_and_move_nothing(wrong: dict[str, Any], pointer: str) -> None:
    aya, counter = customer_with(5_000), open_counter()
    wire = wired(counter)
    answer = wire.send("POST", PAYMENTS, wire.sale(shown_code(aya)) | wrong)
    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert wallet(aya).balance == 5_000


def test_a_post_without_its_key_is_refused() -> None:
    """It cannot be signed without it, as the signature covers it; so nobody gets that far by accident."""
    wire = wired(open_counter())
    answer = wire.send("POST", PAYMENTS, wire.sale(draw()), without=["Idempotency-Key"])
    assert answer.status_code == 401


@pytest.mark.requirement(46)
def test_without_redis_nothing_is_taken(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    aya, wire = customer_with(5_000), wired(open_counter())
    sale = wire.sale(shown_code(aya))
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = wire.send("POST", PAYMENTS, sale)
    assert answer.status_code == 503
    assert wallet(aya).balance == 5_000


def test_an_authorization_is_captured_or_cancelled_later() -> None:
    aya, wire = customer_with(5_000), wired(open_counter())
    first = wire.send("POST", PAYMENTS, wire.sale(shown_code(aya), 1_200, capture=False)).json()
    assert (first["approved"], first["status"], first["captured"]) == (True, "authorized", 0)
    taken = wire.send("POST", f"{PAYMENTS}/{first['id']}/capture", {"amount": 1_000})
    assert (taken.status_code, taken.json()["captured"]) == (200, 1_000)
    again = wire.send("POST", f"{PAYMENTS}/{first['id']}/capture", {"amount": 1_200})
    assert (again.status_code, again.json()["code"]) == (409, "hold-not-open")
    second = wire.send("POST", PAYMENTS, wire.sale(shown_code(aya), 700, capture=False)).json()
    cancelled = wire.send("POST", f"{PAYMENTS}/{second['id']}/cancel", {})
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (wallet(aya).balance, wallet(aya).held) == (4_000, 0)
    wrong = wire.send("POST", f"{PAYMENTS}/{second['id']}/cancel", {"amount": 1})
    assert wrong.status_code == 422
