"""Stripe keeps the contract of every processor, against localstripe; and what is Stripe's own."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import stripe
from django.core.exceptions import ImproperlyConfigured

from payments.processors.base import (
    ChargeEvent,
    ChargeRequest,
    Declined,
    DisputeEvent,
    ForgedWebhookError,
    LinkingAuthenticated,
    LinkingEvent,
    LinkingPending,
    LinkingRefused,
    LinkingRequest,
    LinkingStarted,
    NewCustomer,
    NotFound,
    OtherEvent,
    Reason,
    Succeeded,
    Unknown,
)
from payments.processors.stripe.client import StripeProcessor
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import RETURN_URL
from tests.payments.processors.stripe_stand_in import KEY, StandIn, free_port, serve

# The same contract tests: collected here they run with this module's `harness`.
from tests.payments.processors.test_contract import (  # noqa: F401
    test_a_challenge_at_the_charge_is_completed_once,
    test_a_charge_succeeds_once_however_often_it_is_asked,
    test_a_dispute_is_answered_once_and_given_up_once,
    test_a_failed_challenge_at_the_charge_declines,
    test_a_failed_challenge_ends_the_linking_for_good,
    test_a_forgotten_card_is_not_charged,
    test_a_refund_is_given_once_for_its_key,
    test_a_request_that_arrives_after_its_void_charges_nothing,
    test_a_void_ends_also_what_a_removed_card_keeps_from_charging,
    test_a_void_that_comes_too_late_says_so,
    test_a_voided_challenge_can_no_longer_be_completed,
    test_refunds_never_exceed_the_charge,
    test_somebody_elses_card_is_not_charged,
    test_starting_twice_with_one_key_gives_one_page,
    test_the_same_card_has_one_fingerprint_for_every_customer,
    test_the_same_key_with_another_amount_is_unknown_and_charges_nothing,
    test_the_settlement_file_holds_every_movement_once,
)
from tests.processes import Part
from wallet_site.startup import stripe_requirements

SECRET = "whsec_" + "w" * 32
LAUNCHER = Path(__file__).with_name("stand_in_process.py")
DECLINED_AT_CHARGE = "4000000000000341"


@dataclass
class StripeHarness:
    """What `SandboxHarness` is for the sandbox."""

    bank: StandIn
    processor: StripeProcessor = field(init=False)

    def __post_init__(self) -> None:
        self.processor = StripeProcessor(url=self.bank.url, api_key=KEY, webhook_secret=SECRET)

    def submit_card(self, url: str, number: str = cards.SUCCEEDS, *, holder: str = "Aya Sato") -> None:
        self.bank.submit_card(url, number, holder)

    def decide(self, url: str, *, decision: str = "approve") -> SimpleNamespace:
        self.bank.decide(url, approve=decision == "approve")
        return SimpleNamespace(headers={"Location": RETURN_URL})

    def customer(self, name: str = "Aya Sato") -> str:
        return self.processor.register_customer(NewCustomer(secrets.token_hex(8), name))

    def start(self, customer: str) -> LinkingStarted:
        number = secrets.token_hex(8)
        return self.processor.start_linking(LinkingRequest(f"linking:{number}", number, customer, RETURN_URL))

    def link(self, customer: str, number: str = cards.SUCCEEDS, **form: str) -> LinkingAuthenticated:
        # localstripe attaches no card of this sandbox number; any other card will do.
        number = DECLINED_AT_CHARGE if number == cards.STOLEN else number
        started = self.start(customer)
        self.submit_card(started.url, number, **form)
        self.decide(started.url)
        result = self.processor.linking_result(started.reference)
        assert isinstance(result, LinkingAuthenticated), result
        return result

    def request(self, number: str = cards.SUCCEEDS, amount_minor: int = 3_000) -> ChargeRequest:
        customer, top_up = self.customer(), secrets.token_hex(8)
        return ChargeRequest(
            key=f"top-up:{top_up}",
            top_up_id=top_up,
            customer=customer,
            card_token=self.link(customer, number).card.token,
            amount_minor=amount_minor,
            currency="JPY",
            return_url=RETURN_URL,
        )

    def open_dispute(self, charged: Succeeded) -> str:
        return str(self.bank.dispute(charged.reference)["id"])

    def decide_dispute(self, reference: str, status: str) -> None:
        self.bank.close_dispute(self.bank.disputes[reference], status)

    def charges_of(self, request: ChargeRequest) -> list[dict[str, Any]]:
        return [one for one in self.bank.intents_by(request.top_up_id) if one["amount_received"]]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/v1/balance", timeout=5, trust_env=False).status_code == 401
        except httpx.TransportError:
            return False

    home = tmp_path_factory.mktemp("localstripe")
    command = [sys.executable, str(LAUNCHER), str(home), "--port", str(port), "--from-scratch"]
    part = Part("localstripe", command, home / "log", answers)
    part.start()
    stand_in = StandIn(url, home=home)
    _, stop = serve(stand_in)
    yield stand_in
    stop()
    part.kill()


@pytest.fixture
def harness(bank: StandIn) -> Iterator[StripeHarness]:
    harness = StripeHarness(bank)
    yield harness
    harness.processor.close()


def test_the_stand_in_listens_on_loopback_and_keeps_its_state_to_itself(harness: StripeHarness) -> None:
    port = int(harness.bank.behind.rpartition(":")[2])
    listening = "0A"
    rows = [line.split() for name in ("tcp", "tcp6") for line in _lines(Path("/proc/net") / name)]
    heard_at = [row[1] for row in rows if row[3] == listening and row[1].endswith(f":{port:04X}")]
    assert heard_at == [f"0100007F:{port:04X}"]
    harness.customer()
    assert (harness.bank.home / "state.pickle").stat().st_size


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()[1:] if file.exists() else []


def test_a_card_is_linked_on_checkout_after_3d_secure(harness: StripeHarness) -> None:
    started = harness.start(harness.customer())
    assert harness.processor.linking_result(started.reference) == LinkingPending()
    harness.submit_card(started.url)
    assert harness.processor.linking_result(started.reference) == LinkingPending()
    harness.decide(started.url)
    result = harness.processor.linking_result(started.reference)
    assert isinstance(result, LinkingAuthenticated)
    assert (result.card.last_four, result.card.holder_name) == ("4242", "Aya Sato")
    assert result.three_d_secure == "authenticated"
    assert harness.processor.cancel_linking(started.reference) == result, "what is done stays done"


def test_a_cancelled_page_takes_no_card(harness: StripeHarness) -> None:
    started = harness.start(harness.customer())
    assert harness.processor.cancel_linking(started.reference) == LinkingRefused(Reason.ABANDONED)
    harness.submit_card(started.url)
    harness.decide(started.url)
    assert harness.processor.linking_result(started.reference) == LinkingRefused(Reason.ABANDONED)


def test_a_decline_is_final(harness: StripeHarness) -> None:
    request = harness.request(DECLINED_AT_CHARGE)
    outcome = harness.processor.charge(request)
    assert isinstance(outcome, Declined) and outcome.reference
    assert harness.processor.charge(request) == outcome
    assert isinstance(harness.processor.look_up(request), Declined)
    assert harness.charges_of(request) == []


def test_an_answer_lost_after_the_charge_is_unknown_until_it_is_looked_up(harness: StripeHarness) -> None:
    request = harness.request()
    harness.bank.lose_answer = True
    assert isinstance(harness.processor.charge(request), Unknown)
    found = harness.processor.look_up(request)
    assert isinstance(found, Succeeded)
    assert harness.processor.charge(request) == found
    assert len(harness.charges_of(request)) == 1


def test_a_lost_request_can_be_made_sure_never_to_charge(harness: StripeHarness) -> None:
    request = harness.request()
    harness.bank.lose_request = True
    assert isinstance(harness.processor.charge(request), Unknown)
    assert harness.processor.look_up(request) == NotFound()
    assert isinstance(harness.processor.void(request), Declined)
    assert not isinstance(harness.processor.charge(request), Succeeded)
    assert harness.charges_of(request) == []


# --- Webhooks
def signed(body: bytes, secret: str = SECRET, *, at: datetime | None = None) -> dict[str, str]:
    """As Stripe's own library signs."""
    moment = int((at or datetime.now(UTC)).timestamp())
    signature = stripe.WebhookSignature._compute_signature(f"{moment}.{body.decode()}", secret)
    return {"Stripe-Signature": f"t={moment},v1={signature}"}


def event(kind: str, **subject: Any) -> bytes:
    return json.dumps({"id": "evt_1", "object": "event", "type": kind, "data": {"object": subject}}).encode()


def read(body: bytes, headers: dict[str, str] | None = None) -> object:
    processor = StripeProcessor(url="http://127.0.0.1:9", api_key=KEY, webhook_secret=SECRET)
    try:
        return processor.verify_webhook(body, headers or signed(body), now=datetime.now(UTC)).content
    finally:
        processor.close()


def test_a_webhook_of_the_stand_in_is_genuine_and_a_changed_one_is_not(harness: StripeHarness) -> None:
    asked = {
        "url": f"{harness.bank.url}/events",
        "secret": SECRET,
        "events": ["payment_intent.payment_failed"],
    }
    harness.bank.listen(asked)
    request = harness.request(DECLINED_AT_CHARGE)
    declined = harness.processor.charge(request)
    assert isinstance(declined, Declined)
    headers, body = harness.bank.heard(request.top_up_id)
    webhook = harness.processor.verify_webhook(body, headers, now=datetime.now(UTC))
    assert webhook.content == ChargeEvent(request.top_up_id, declined)
    with pytest.raises(ForgedWebhookError):
        harness.processor.verify_webhook(body + b" ", headers, now=datetime.now(UTC))


def test_stripes_events_are_understood() -> None:
    paid = {"id": "pi_1", "status": "succeeded", "amount_received": 3_000, "metadata": {"top_up": "t"}}
    assert read(event("payment_intent.succeeded", **paid)) == ChargeEvent("t", Succeeded("pi_1", 3_000))
    session = {"id": "cs_1", "metadata": {"linking": "l"}}
    assert read(event("checkout.session.completed", **session)) == LinkingEvent("l", "cs_1")
    dispute = {"id": "dp_1", "payment_intent": "pi_1", "amount": 3_000, "reason": "fraudulent"}
    for status, state in (
        ("needs_response", "open"),
        ("under_review", "answered"),
        ("won", "won"),
        ("lost", "lost"),
    ):
        heard = read(event("charge.dispute.updated", status=status, **dispute))
        assert heard == DisputeEvent("dp_1", "", "pi_1", 3_000, "fraudulent", state)
    assert read(event("charge.dispute.created", status="warning_needs_response", **dispute)) == OtherEvent()


def test_a_stale_or_forged_event_is_refused() -> None:
    body = event("payment_intent.succeeded")
    for headers in (signed(body, "whsec_other"), signed(body, at=datetime(2026, 1, 1, tzinfo=UTC))):
        with pytest.raises(ForgedWebhookError):
            read(body, headers)


# --- Production
LIVE = {
    "url": "https://api.stripe.com",
    "api_key": "sk_live_" + "k" * 24,
    "webhook_secret": "whsec_" + "s" * 32,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://localhost:8420"},
        {"api_key": "sk_test_" + "k" * 24},
        {"webhook_secret": "w" * 40},
        {"webhook_secret": "whsec_short"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_production_takes_no_test_cards_and_no_guessable_secret(wrong: dict[str, str]) -> None:
    stripe_requirements(**LIVE)
    with pytest.raises(ImproperlyConfigured, match="STRIPE_"):
        stripe_requirements(**(LIVE | wrong))
