"""Sending, asking and limits as an app does it: step-up, keys, owners, and no list of who has a wallet."""

from __future__ import annotations

import uuid

import pytest
from pytest_django.fixtures import Settings

from accounts.models import StepUpChallenge
from tests.api_client import Answer, Phone
from tests.payments.actions.test_own_limits import pay as pay_at_till
from tests.payments.books import customer_with, open_counter, wallet
from tests.people import Person, make_customer, totp_now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _room(settings: Settings) -> None:
    settings.SEND_NEW_ACCOUNT_DAYS = 0


def prove(phone: Phone, person: Person, refused: Answer) -> None:
    """The app puts the question to its customer and proves the second factor for it."""
    assert (refused.status, refused.code) == (401, "step-up-required"), refused.content
    asked = refused.json()["step_up"]
    answer = phone.post(
        asked["endpoint"],
        {"code": totp_now(person), "challenge": asked["challenge"]},
        idempotency_key=None,
    )
    assert answer.status == 200, answer.content


@pytest.mark.requirement(36)
def test_find_send_ask_and_pay() -> None:
    aya, ken = customer_with(9_000), make_customer("ken")
    phone, his = Phone.signed_in(aya), Phone.signed_in(ken)
    hidden = phone.post("/api/v1/payees", {"address": ken.email}, idempotency_key=None)
    nobody = phone.post("/api/v1/payees", {"address": "nobody@example.com"}, idempotency_key=None)
    assert hidden.status == 404 and hidden.json() == nobody.json()
    found = {"by_email": True, "by_phone": False}
    assert his.request("PUT", "/api/v1/findability", found).json() == found
    payee = phone.post("/api/v1/payees", {"address": ken.email}, idempotency_key=None).json()
    assert payee["name"] == "K•• M••" and "email" not in str(payee) and ken.email not in str(payee)
    assert phone.get("/api/v1/payees").json()["results"] == [payee]

    body = {"payee": payee["id"], "amount": 2_000, "currency": "JPY", "message": "ありがとう"}
    key = str(uuid.uuid4())
    assert phone.post("/api/v1/transfers", body, idempotency_key=None).code == "idempotency-key-missing"
    refused = phone.post("/api/v1/transfers", body, idempotency_key=key)
    prove(phone, aya, refused)
    sent = phone.post("/api/v1/transfers", body, idempotency_key=key)
    assert sent.status == 201, sent.content
    again = phone.post("/api/v1/transfers", body, idempotency_key=key)
    assert again.json() == sent.json() and again.headers["idempotency-replayed"] == "true"
    other = phone.post("/api/v1/transfers", body | {"amount": 2_001}, idempotency_key=key)
    assert (other.status, other.code) == (422, "idempotency-key-reused")
    mine, theirs = (one.get(f"/api/v1/transfers/{sent.json()['id']}").json() for one in (phone, his))
    assert (mine["direction"], mine["name"]) == ("sent", "K•• M••")
    assert (theirs["direction"], theirs["name"], theirs["message"]) == ("received", "A•• S••", "ありがとう")
    line = his.get("/api/v1/activity").json()["results"][0]
    assert (line["id"], line["title"], line["amount"]) == (theirs["transaction"], "A•• S••", 2_000)

    back = his.get("/api/v1/payees").json()["results"][0]["id"]
    asked = his.post("/api/v1/money-requests", body | {"payee": back, "amount": 500})
    assert asked.status == 201, asked.content
    shown = phone.get("/api/v1/money-requests").json()["results"][0]
    assert (shown["id"], shown["is_mine"], shown["state"]) == (asked.json()["id"], False, "open")
    path = f"/api/v1/money-requests/{shown['id']}"
    key = str(uuid.uuid4())
    prove(phone, aya, phone.post(f"{path}/pay", idempotency_key=key))
    assert phone.post(f"{path}/pay", idempotency_key=key).status == 201
    assert phone.post(f"{path}/pay", idempotency_key=key).headers["idempotency-replayed"] == "true"
    assert phone.post(f"{path}/decline", {"block": True}, idempotency_key=None).code == "request-not-open"
    assert [wallet(one).balance for one in (aya, ken)] == [6_500, 2_500]
    again_asked = his.post("/api/v1/money-requests", body | {"payee": back, "amount": 500}).json()["id"]
    assert his.delete(f"/api/v1/money-requests/{again_asked}").status == 204
    declined = his.post("/api/v1/money-requests", body | {"payee": back, "amount": 500}).json()["id"]
    said = phone.post(f"/api/v1/money-requests/{declined}/decline", {"block": True}, idempotency_key=None)
    assert said.json()["state"] == "declined"
    assert his.post("/api/v1/money-requests", body | {"payee": back}).code == "payee-unavailable"


@pytest.mark.requirement(44)
def test_another_s_payee_transfer_and_request_are_not_found() -> None:
    mio = Phone.signed_in(customer_with(100, "mio"))
    nobodys = uuid.uuid4()
    body = {"payee": str(nobodys), "amount": 1, "currency": "JPY"}
    for answer in (
        mio.post("/api/v1/transfers", body),
        mio.post("/api/v1/money-requests", body),
        mio.get(f"/api/v1/transfers/{nobodys}"),
        mio.get(f"/api/v1/money-requests/{nobodys}"),
        mio.post(f"/api/v1/money-requests/{nobodys}/pay"),
        mio.post(f"/api/v1/payments/{nobodys}/confirmation", idempotency_key=None),
        mio.get("/api/v1/auto-top-up"),
        mio.request("PUT", "/api/v1/limits/nonsense", {"amount": 1}),
    ):
        assert answer.status == 404, answer.content
    for amount in (0, -1, 1.5, "1", 2**63, True, None):
        assert mio.post("/api/v1/transfers", body | {"amount": amount}).status == 422
    assert not StepUpChallenge.objects.filter(bearer=f"device:{mio.device_id}").exists()


@pytest.mark.requirement(36)
def test_limits_and_the_till_s_question() -> None:
    aya, counter = customer_with(9_000), open_counter()
    phone = Phone.signed_in(aya)
    lower = phone.request("PUT", "/api/v1/limits/confirm-above", {"amount": 1_000})
    assert (lower.status, lower.json()["amount"], lower.json()["next_at"]) == (200, 1_000, None)
    higher = phone.request("PUT", "/api/v1/limits/confirm-above", {"amount": None})
    prove(phone, aya, higher)
    waits = phone.request("PUT", "/api/v1/limits/confirm-above", {"amount": None}).json()
    assert (waits["amount"], waits["next_amount"]) == (1_000, 50_000) and waits["next_at"]
    kinds = {one["kind"]: one["amount"] for one in phone.get("/api/v1/limits").json()["results"]}
    assert kinds["confirm-above"] == 1_000 and len(kinds) == 5

    code = phone.post("/api/v1/one-time-codes", idempotency_key=None).json()
    declined = pay_at_till(aya, counter, 1_500, code=code["digits"]).payment
    seen = phone.get(f"/api/v1/one-time-codes/{code['id']}").json()["payment"]
    assert (seen["id"], seen["decline_reason"]) == (str(declined.public_id), "confirm-first")
    path = f"/api/v1/payments/{seen['id']}/confirmation"
    prove(phone, aya, phone.post(path, idempotency_key=None))
    assert phone.post(path, idempotency_key=None).status == 204
    assert pay_at_till(aya, counter, 1_500).payment.status == "captured"
