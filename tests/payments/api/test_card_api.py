"""Cards and top-ups as the app asks for them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiDevice
from payments.models import Card, CardLinking, CardState
from tests.api_client import Answer, Phone
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import balance, linked_card, nothing_moved, top_up
from tests.people import Person, make_customer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up")]


@pytest.fixture
def aya() -> Person:
    return make_customer("aya")


@pytest.fixture
def phone(aya: Person) -> Phone:
    return Phone.signed_in(aya)


def ask(phone: Phone, card: Card, amount: object = 3_000, *, key: str = "", **more: object) -> Answer:
    body = {"card": str(card.public_id), "amount": amount, "currency": "JPY"} | more
    return phone.post("/api/v1/top-ups", body, idempotency_key=key or str(uuid.uuid4()))


def let_the_factor_age(person: Person) -> None:
    ApiDevice.objects.filter(user=person.user).update(verified_at=timezone.now() - timedelta(minutes=6))


# --- Cards
def test_a_card_is_linked_on_the_processors_page(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    started = phone.post("/api/v1/cards/linkings", idempotency_key=None)
    assert started.status == 201
    linking = started.json()
    assert (linking["state"], linking["card"]) == ("started", None)
    harness.submit_card(linking["url"], cards.SUCCEEDS, holder="Somebody Else")
    harness.decide(linking["url"])
    ended = phone.get(f"/api/v1/cards/linkings/{linking['id']}").json()
    assert (ended["state"], ended["failure_reason"]) == ("failed", "owner_differs")
    assert "not the name of this wallet" in ended["failure_detail"]
    assert phone.get("/api/v1/cards").json() == []


def test_the_list_tells_no_more_than_the_portal_may_know(
    aya: Person, phone: Phone, harness: SandboxHarness
) -> None:
    card = linked_card(aya, harness)
    linked_card(make_customer("ken"), harness)
    [shown] = phone.get("/api/v1/cards").json()
    assert shown["id"] == str(card.public_id)
    assert set(shown) == {
        "id",
        "brand",
        "last_four",
        "expiry_month",
        "expiry_year",
        "country",
        "state",
        "linked_at",
    }


def test_an_etag_saves_reading_the_list_again(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    tag = phone.get("/api/v1/cards").headers["etag"]
    assert phone.get("/api/v1/cards", headers={"If-None-Match": tag}).status == 304
    linked_card(aya, harness)
    assert phone.get("/api/v1/cards", headers={"If-None-Match": tag}).status == 200


def test_linking_and_removing_need_a_fresh_factor(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    card = linked_card(aya, harness)
    let_the_factor_age(aya)
    for answer in (
        phone.post("/api/v1/cards/linkings", idempotency_key=None),
        phone.delete(f"/api/v1/cards/{card.public_id}"),
    ):
        assert answer.status == 401
        assert answer.code == "step-up-required"
    assert not CardLinking.objects.filter(user=aya.user).exists()
    card.refresh_from_db()
    assert card.state == CardState.LIVE
    phone.step_up(aya)
    assert phone.delete(f"/api/v1/cards/{card.public_id}").status == 204
    assert phone.get("/api/v1/cards").json() == []


def test_somebody_elses_ids_answer_404(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    ken = make_customer("ken")
    card = linked_card(ken, harness)
    made = top_up(ken, card).top_up
    for answer in (
        phone.delete(f"/api/v1/cards/{card.public_id}"),
        phone.get(f"/api/v1/top-ups/{made.public_id}"),
        phone.get(f"/api/v1/cards/linkings/{uuid.uuid4()}"),
        ask(phone, card),
    ):
        assert answer.status == 404
    card.refresh_from_db()
    assert card.state == CardState.LIVE
    assert balance(ken) == 3_000
    assert nothing_moved(aya)


def test_without_a_token_nothing(harness: SandboxHarness) -> None:
    stranger = Phone()
    assert stranger.get("/api/v1/cards").status == 401
    assert stranger.post("/api/v1/top-ups", {}).status == 401
    assert stranger.post("/api/v1/cards/linkings").status == 401


# --- Top-ups
def test_a_top_up_and_its_repeat(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    card = linked_card(aya, harness)
    key = str(uuid.uuid4())
    first, second = ask(phone, card, key=key), ask(phone, card, key=key)
    assert (first.status, second.status) == (201, 201)
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert first.json()["state"] == "succeeded"
    assert phone.get(f"/api/v1/top-ups/{first.json()['id']}").json() == first.json()
    assert balance(aya) == 3_000


def test_the_keys_rules(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    card = linked_card(aya, harness)
    body = {"card": str(card.public_id), "amount": 3_000, "currency": "JPY"}
    assert phone.post("/api/v1/top-ups", body, idempotency_key=None).status == 400
    key = str(uuid.uuid4())
    ask(phone, card, key=key)
    other = ask(phone, card, 4_000, key=key)
    assert (other.status, other.code) == (422, "idempotency-key-reused")
    assert balance(aya) == 3_000


@pytest.mark.parametrize(
    ("amount", "status"),
    [
        (0, 422),
        (-1, 422),
        (1, 422),
        (1.5, 422),
        ("3000", 422),
        (None, 422),
        (True, 422),
        (2**63, 422),
        ([3_000], 422),
    ],
)
def test_amounts_that_are_none(
    aya: Person, phone: Phone, harness: SandboxHarness, amount: object, status: int
) -> None:
    answer = ask(phone, linked_card(aya, harness), amount)
    assert answer.status == status
    assert answer.json()["errors"][0]["pointer"] == "/amount"
    assert nothing_moved(aya)


def test_other_currencies_and_unknown_fields(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    card = linked_card(aya, harness)
    assert ask(phone, card, currency="USD").json()["errors"][0]["pointer"] == "/currency"
    assert ask(phone, card, user="somebody").json()["errors"][0]["pointer"] == "/user"
    assert nothing_moved(aya)


def test_a_limit_is_named_with_its_end(aya: Person, phone: Phone, harness: SandboxHarness, settings) -> None:  # type: ignore[no-untyped-def]
    settings.TOP_UP_PER_DAY = 2_000
    answer = ask(phone, linked_card(aya, harness))
    problem = answer.json()
    assert (answer.status, answer.code) == (409, "top-up-limit-reached")
    assert (problem["limit"], problem["left_minor"]) == ("per-day", 2_000)
    assert problem["ends_at"].endswith("T00:00:00+09:00")
    assert nothing_moved(aya)


def test_a_challenge_is_named_with_its_address(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    asked = ask(phone, linked_card(aya, harness, cards.CHALLENGES)).json()
    assert asked["state"] == "needs_action"
    harness.decide(asked["action_url"])
    assert balance(aya) == 0


def test_no_answer_is_unknown_and_not_a_failure(aya: Person, phone: Phone, harness: SandboxHarness) -> None:
    asked = ask(phone, linked_card(aya, harness, cards.SLOW_THEN_SUCCEEDS))
    assert (asked.status, asked.json()["state"], asked.json()["failure_reason"]) == (201, "unknown", "")
    assert balance(aya) == 0
