"""Webhooks: before the answer, twice, late, out of order, forged, stale; disputes."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from payments.actions import top_ups
from payments.actions.top_up_sweep import ask_about
from payments.models import CardState, ProcessorEvent, TopUp, TopUpState
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import (
    SWEEP,
    balance,
    begin_linking,
    books_balance,
    credits_of,
    linked_card,
    top_up,
)
from tests.people import Person, make_customer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up")]


def deliver(
    event: dict[str, Any],
    settings: Settings,
    *,
    secret: str = "",
    at: float | None = None,
    processor: str = "sandbox",
) -> int:
    """POST an event as the processor would; returns the status."""
    body = json.dumps(event).encode()
    moment = int(time.time() if at is None else at)
    key = (secret or settings.SANDBOX_WEBHOOK_SECRET).encode()
    digest = hmac.new(key, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    response = Client().post(
        reverse("payments:processor_events", args=[processor]),
        body,
        content_type="application/json",
        headers={"Stripe-Signature": f"t={moment},v1={digest}"},
    )
    return response.status_code


def event_about(harness: SandboxHarness, kind: str, top_up: TopUp) -> dict[str, Any]:
    """The processor's own event of this kind about this top-up."""
    return next(
        event
        for event in harness.events()
        if event["type"] == kind
        and event["data"]["object"].get("metadata", {}).get("top_up") == str(top_up.public_id)
    )


def unknown_top_up(person: Person, harness: SandboxHarness) -> TopUp:
    """Charged at the processor, and we do not know."""
    made = top_up(person, linked_card(person, harness, cards.SLOW_THEN_SUCCEEDS)).top_up
    assert made.state == TopUpState.UNKNOWN
    return made


def reread(found: TopUp) -> TopUp:
    return TopUp.objects.select_related("card", "user").get(pk=found.pk)


@pytest.mark.money(11)
def test_a_webhook_before_the_answer_credits_and_the_answer_finds_it_done(
    harness: SandboxHarness, settings: Settings
) -> None:
    aya = make_customer("aya")
    made = unknown_top_up(aya, harness)
    assert deliver(event_about(harness, "payment_intent.succeeded", made), settings) == 204
    assert reread(made).state == TopUpState.SUCCEEDED
    answer = harness.processor.charge(top_ups.request_for(made))
    assert top_ups.apply_outcome(made.pk, answer, actor=aya.actor).state == TopUpState.SUCCEEDED
    assert credits_of(made) == [3_000]


@pytest.mark.money(11)
def test_a_webhook_twice_and_at_once_credits_once(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    made = unknown_top_up(aya, harness)
    event = event_about(harness, "payment_intent.succeeded", made)

    def once(_number: int) -> int:
        try:
            return deliver(event, settings)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(once, range(8))) == {204}
    assert ProcessorEvent.objects.filter(event_id=event["id"]).count() == 1
    assert credits_of(made) == [3_000]
    assert balance(aya) == 3_000


def test_a_second_event_about_the_same_charge_credits_nothing_more(
    harness: SandboxHarness, settings: Settings
) -> None:
    aya = make_customer("aya")
    made = unknown_top_up(aya, harness)
    event = event_about(harness, "payment_intent.succeeded", made)
    for number in ("one", "two"):
        assert deliver(event | {"id": f"evt_{number}_{uuid.uuid4().hex}"}, settings) == 204
    assert credits_of(made) == [3_000]


@pytest.mark.money(11, 12)
def test_old_news_after_the_end_changes_nothing(harness: SandboxHarness, settings: Settings) -> None:
    """`requires_action` arrives after `succeeded`, as order is not promised."""
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.CHALLENGES)).top_up
    asked = event_about(harness, "payment_intent.requires_action", begun)
    harness.decide(begun.action_url or "")
    assert deliver(event_about(harness, "payment_intent.succeeded", begun), settings) == 204
    assert deliver(asked, settings) == 204
    assert reread(begun).state == TopUpState.SUCCEEDED
    assert credits_of(begun) == [3_000]


@pytest.mark.money(11)
@pytest.mark.parametrize("trick", ["another secret", "stale", "from the future", "no signature"])
def test_what_is_forged_or_stale_moves_nothing(
    harness: SandboxHarness, settings: Settings, trick: str
) -> None:
    aya = make_customer("aya")
    made = unknown_top_up(aya, harness)
    event = event_about(harness, "payment_intent.succeeded", made)
    if trick == "no signature":
        url = reverse("payments:processor_events", args=["sandbox"])
        status = Client().post(url, json.dumps(event), content_type="application/json").status_code
    else:
        at = {"stale": time.time() - 301, "from the future": time.time() + 360}.get(trick)
        status = deliver(event, settings, at=at, secret="forged" if trick == "another secret" else "")
    assert status == 400
    assert reread(made).state == TopUpState.UNKNOWN
    assert balance(aya) == 0
    assert not ProcessorEvent.objects.filter(event_id=event["id"]).exists()


def test_another_processors_door_is_closed_and_others_methods_too(settings: Settings) -> None:
    assert deliver({"id": "evt_1"}, settings, processor="stripe") == 404
    settings.PROCESSOR = "none"
    assert deliver({"id": "evt_1"}, settings) == 404
    assert deliver({"id": "evt_1"}, settings, processor="none") == 404
    assert Client().get(reverse("payments:processor_events", args=["sandbox"])).status_code == 405


def test_an_event_about_nothing_of_ours_is_taken_and_forgotten(settings: Settings) -> None:
    subject = {
        "id": "pi_1",
        "status": "succeeded",
        "amount_received": 5,
        "metadata": {"top_up": str(uuid.uuid4())},
    }
    event = {
        "id": f"evt_{uuid.uuid4().hex}",
        "type": "payment_intent.succeeded",
        "data": {"object": subject},
    }
    assert deliver(event, settings) == 204


def test_a_linkings_webhook_links_the_card(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    linking, url = begin_linking(aya)
    harness.submit_card(url, cards.SUCCEEDS)
    harness.decide(url)
    event = next(
        event
        for event in harness.events()
        if event["type"] == "setup_intent.succeeded" and event["data"]["object"]["id"] == linking.reference
    )
    assert deliver(event, settings) == 204
    linking.refresh_from_db()
    assert linking.state == "linked"
    assert deliver(event, settings) == 204
    assert aya.user.cards.count() == 1


# --- Disputes
def disputed(person: Person, harness: SandboxHarness) -> tuple[TopUp, dict[str, Any]]:
    made = top_up(person, linked_card(person, harness, cards.DISPUTED)).top_up
    assert made.state == TopUpState.SUCCEEDED
    harness.advance_clock(3600)
    return made, event_about(harness, "charge.dispute.created", made)


def test_a_dispute_that_names_only_the_charge_finds_its_top_up(
    harness: SandboxHarness, settings: Settings
) -> None:
    """Stripe's disputes do not carry the metadata of the charge; one of a stranger's charge takes nobody's money."""
    made, event = disputed(make_customer("aya"), harness)
    settings.PROCESSOR, settings.STRIPE_API_KEY = "stripe", "sk_test_tests"
    settings.STRIPE_WEBHOOK_SECRET = "whsec_" + "w" * 32
    told = event["data"]["object"] | {"metadata": {}, "status": "needs_response"}
    for charge, state in (
        ("", TopUpState.SUCCEEDED),
        ("pi_of_a_stranger", TopUpState.SUCCEEDED),
        (made.processor_reference, TopUpState.DISPUTED),
    ):
        dispute = {
            "id": f"evt_{uuid.uuid4().hex}",
            "object": "event",
            "type": "charge.dispute.created",
            "data": {"object": told | {"payment_intent": charge}},
        }
        status = deliver(dispute, settings, processor="stripe", secret=settings.STRIPE_WEBHOOK_SECRET)
        assert (status, reread(made).state) == (204, state)


def test_a_dispute_that_comes_before_its_charge_is_sent_again(
    harness: SandboxHarness, settings: Settings
) -> None:
    aya = make_customer("aya")
    made = unknown_top_up(aya, harness)
    subject = {
        "id": "dp_1",
        "payment_intent": "pi_1",
        "amount": 3_000,
        "status": "needs_response",
        "metadata": {"top_up": str(made.public_id)},
    }
    event = {
        "id": f"evt_{uuid.uuid4().hex}",
        "type": "charge.dispute.created",
        "data": {"object": subject},
    }
    assert deliver(event, settings) == 503
    assert not ProcessorEvent.objects.filter(event_id=event["id"]).exists()
    ask_about(made, actor=SWEEP)
    assert deliver(event, settings) == 204
    assert reread(made).state == TopUpState.DISPUTED


def test_a_dispute_won_gives_everybody_back_what_they_gave(
    harness: SandboxHarness, settings: Settings
) -> None:
    aya = make_customer("aya")
    made, event = disputed(aya, harness)
    assert deliver(event, settings) == 204
    assert (balance(aya), reread(made).card.state) == (0, CardState.BLOCKED)
    harness.decide_dispute(event["data"]["object"]["id"], "won")
    closed = next(
        found
        for found in harness.events()
        if found["type"] == "charge.dispute.closed"
        and found["data"]["object"]["id"] == event["data"]["object"]["id"]
    )
    for number in range(2):
        assert deliver(closed | {"id": f"evt_{number}_{uuid.uuid4().hex}"}, settings) == 204
    assert balance(aya) == 3_000
    assert books_balance()
