"""What every processor must do, over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from payments.processors.base import (
    AnswerRefused,
    AnswerTaken,
    ChargeEvent,
    Declined,
    DisputeEvent,
    Evidence,
    ForgedWebhookError,
    LineKind,
    LinkingAuthenticated,
    LinkingEvent,
    LinkingPending,
    LinkingRefused,
    LinkingRequest,
    NeedsAction,
    NotFound,
    NotSent,
    ProcessorError,
    Reason,
    Refunded,
    RefundRefused,
    RefundRequest,
    Succeeded,
    Unknown,
)
from payments.processors.sandbox.client import SandboxProcessor
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import RETURN_URL, SandboxHarness


# --- Linking
def test_a_card_is_linked_after_3d_secure_and_tells_no_number(harness: SandboxHarness) -> None:
    started = harness.start(harness.customer())
    assert harness.processor.linking_result(started.reference) == LinkingPending()

    after_card = harness.submit_card(started.url, cards.SUCCEEDS)
    assert after_card.status_code == 303
    assert harness.processor.linking_result(started.reference) == LinkingPending()

    back = harness.decide(started.url)
    assert back.headers["Location"].startswith(RETURN_URL)
    result = harness.processor.linking_result(started.reference)
    assert isinstance(result, LinkingAuthenticated)
    assert (result.card.brand, result.card.last_four, result.card.holder_name) == ("visa", "4242", "Aya Sato")
    assert (result.card.expiry_month, result.card.expiry_year) == (12, 2034)
    assert result.three_d_secure == "authenticated"
    assert cards.SUCCEEDS not in json.dumps(harness.events())


def test_the_same_card_has_one_fingerprint_for_every_customer(harness: SandboxHarness) -> None:
    first = harness.link(harness.customer()).card
    second = harness.link(harness.customer(), holder="Ken Mori").card
    other = harness.link(harness.customer(), cards.STOLEN).card
    assert first.fingerprint == second.fingerprint != other.fingerprint
    assert first.token != second.token


def test_starting_twice_with_one_key_gives_one_page(harness: SandboxHarness) -> None:
    request = LinkingRequest("linking:twice" + harness.customer(), "twice", harness.customer(), RETURN_URL)
    assert harness.processor.start_linking(request) == harness.processor.start_linking(request)


def test_a_failed_challenge_ends_the_linking_for_good(harness: SandboxHarness) -> None:
    started = harness.start(harness.customer())
    harness.submit_card(started.url, cards.SUCCEEDS)
    harness.decide(started.url, decision="decline")
    refused = LinkingRefused(Reason.AUTHENTICATION_FAILED)
    assert harness.processor.linking_result(started.reference) == refused
    harness.submit_card(started.url, cards.SUCCEEDS)
    harness.decide(started.url)
    assert harness.processor.linking_result(started.reference) == refused


def test_the_third_wrong_code_fails_the_challenge(harness: SandboxHarness) -> None:
    started = harness.start(harness.customer())
    harness.submit_card(started.url, cards.SUCCEEDS)
    for _ in range(2):
        assert harness.decide(started.url, code="none").status_code == 422
        assert harness.processor.linking_result(started.reference) == LinkingPending()
    harness.decide(started.url, code="none")
    assert harness.processor.linking_result(started.reference) == LinkingRefused(Reason.AUTHENTICATION_FAILED)


def test_an_abandoned_linking_ends_with_its_time(harness: SandboxHarness) -> None:
    started = harness.start(harness.customer())
    harness.submit_card(started.url, cards.SUCCEEDS)
    page = harness.web.get(started.url)
    harness.advance_clock(3600)
    assert harness.processor.linking_result(started.reference) == LinkingRefused(Reason.ABANDONED)
    assert page.status_code == 200
    harness.decide(started.url)
    assert harness.processor.linking_result(started.reference) == LinkingRefused(Reason.ABANDONED)


def test_cancelling_tells_what_is_true(harness: SandboxHarness) -> None:
    waiting = harness.start(harness.customer())
    assert harness.processor.cancel_linking(waiting.reference) == LinkingRefused(Reason.ABANDONED)
    assert harness.submit_card(waiting.url, cards.SUCCEEDS).headers.get("Location") != RETURN_URL
    assert harness.processor.linking_result(waiting.reference) == LinkingRefused(Reason.ABANDONED)

    done = harness.start(harness.customer())
    harness.submit_card(done.url, cards.SUCCEEDS)
    harness.decide(done.url)
    assert isinstance(harness.processor.cancel_linking(done.reference), LinkingAuthenticated)


@pytest.mark.parametrize(
    ("number", "form"),
    [
        ("4242424242424241", {}),
        ("4111111111111111", {}),
        ("12", {}),
        ("４２４２４２４２４２４２４２４２", {}),
        (cards.SUCCEEDS, {"expiry": "13/30"}),
        (cards.SUCCEEDS, {"expiry": "01/20"}),
        (cards.SUCCEEDS, {"expiry": ""}),
        (cards.SUCCEEDS, {"security_code": "12"}),
        (cards.JCB, {"security_code": "999"}),
        (cards.SUCCEEDS, {"holder": ""}),
        (cards.REFUSED_AT_LINKING, {}),
        (cards.NOT_ENROLLED, {}),
    ],
)
def test_the_card_page_refuses_what_a_real_one_would(
    harness: SandboxHarness, number: str, form: dict[str, str]
) -> None:
    started = harness.start(harness.customer())
    page = harness.submit_card(started.url, number, **form)
    assert page.status_code == 422
    assert 'role="alert"' in page.text and "aria-invalid" in page.text
    assert harness.processor.linking_result(started.reference) == LinkingPending()


def test_security_codes_cannot_be_tried_out_on_one_page(harness: SandboxHarness) -> None:
    started = harness.start(harness.customer())
    for _ in range(5):
        harness.submit_card(started.url, cards.MASTERCARD, security_code="999")
    harness.submit_card(started.url, cards.SUCCEEDS)
    harness.decide(started.url)
    assert harness.processor.linking_result(started.reference) == LinkingRefused(Reason.SECURITY_CODE_WRONG)
    harness.advance_clock(86_400)


def test_security_codes_cannot_be_tried_out_on_many_pages(harness: SandboxHarness) -> None:
    for _ in range(5):
        started = harness.start(harness.customer())
        harness.submit_card(started.url, cards.MASTERCARD, security_code="999")
    right = harness.submit_card(harness.start(harness.customer()).url, cards.MASTERCARD)
    assert right.status_code == 422, "the sixth try of the day is refused, though it is right"
    harness.advance_clock(86_400)
    assert harness.submit_card(harness.start(harness.customer()).url, cards.MASTERCARD).status_code == 303


def test_a_stranger_without_the_secret_finds_nothing(harness: SandboxHarness) -> None:
    started = harness.start(harness.customer())
    harness.submit_card(started.url, cards.SUCCEEDS)
    wrong = started.url[:-5] + "AAAAA"
    assert harness.web.get(wrong).status_code == 404
    assert harness.web.post(wrong, data={"decision": "approve"}).status_code == 404
    assert harness.processor.linking_result(started.reference) == LinkingPending()


def test_pages_speak_the_readers_language_under_a_strict_policy(harness: SandboxHarness) -> None:
    started = harness.start(harness.customer())
    english = harness.web.get(started.url)
    japanese = harness.web.get(started.url, headers={"Accept-Language": "ja,en;q=0.5"})
    assert 'lang="en"' in english.text and "pretend bank" in english.text
    assert 'lang="ja"' in japanese.text and "架空の銀行" in japanese.text
    policy = english.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert "<script" not in english.text and " style=" not in english.text
    assert "form-action 'self' http://localhost:1" in policy


def test_names_from_outside_are_escaped(harness: SandboxHarness) -> None:
    started = harness.start(harness.customer("<b>Aya & Co</b>"))
    assert "<b>Aya" not in harness.web.get(started.url).text


# --- Charging
def test_a_charge_succeeds_once_however_often_it_is_asked(harness: SandboxHarness) -> None:
    request = harness.request()
    with ThreadPoolExecutor(8) as threads:
        outcomes = set(threads.map(harness.processor.charge, [request] * 24))
    assert len(outcomes) == 1
    outcome = outcomes.pop()
    assert isinstance(outcome, Succeeded) and outcome.amount_minor == 3_000
    assert len(harness.charges_of(request)) == 1
    assert harness.processor.look_up(request, outcome.reference) == outcome
    assert harness.processor.look_up(request) == outcome


def test_the_same_key_with_another_amount_is_unknown_and_charges_nothing(harness: SandboxHarness) -> None:
    request = harness.request()
    harness.processor.charge(request)
    changed = harness.processor.charge(replace(request, amount_minor=9_999))
    assert isinstance(changed, Unknown)
    assert [intent["amount"] for intent in harness.charges_of(request)] == [3_000]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (cards.INSUFFICIENT, Reason.INSUFFICIENT_FUNDS),
        (cards.STOLEN, Reason.LOST_OR_STOLEN),
        (cards.EXPIRED, Reason.CARD_EXPIRED),
    ],
)
def test_a_decline_says_why_and_is_final(harness: SandboxHarness, number: str, reason: Reason) -> None:
    request = harness.request(number)
    outcome = harness.processor.charge(request)
    assert isinstance(outcome, Declined) and outcome.reason == reason and outcome.reference
    assert harness.processor.charge(request) == outcome
    assert harness.processor.look_up(request) == outcome
    assert harness.charges_of(request) == []


def test_somebody_elses_card_is_not_charged(harness: SandboxHarness) -> None:
    request = replace(harness.request(), customer=harness.customer())
    assert harness.processor.charge(request) == Declined("", Reason.REFUSED_BY_PROCESSOR)
    assert harness.charges_of(request) == []


def test_a_forgotten_card_is_not_charged(harness: SandboxHarness) -> None:
    request = harness.request()
    harness.processor.forget_card(request.card_token)
    harness.processor.forget_card(request.card_token)
    assert harness.processor.charge(request) == Declined("", Reason.REFUSED_BY_PROCESSOR)


def test_a_time_out_after_the_charge_is_unknown_until_it_is_looked_up(harness: SandboxHarness) -> None:
    request = harness.request(cards.SLOW_THEN_SUCCEEDS)
    assert isinstance(harness.processor.charge(request), Unknown)
    assert isinstance(harness.processor.look_up(request), Succeeded)
    assert isinstance(harness.processor.charge(request), Succeeded)
    assert len(harness.charges_of(request)) == 1


def test_a_time_out_after_a_decline_is_unknown_until_it_is_looked_up(harness: SandboxHarness) -> None:
    request = harness.request(cards.SLOW_THEN_FAILS)
    assert isinstance(harness.processor.charge(request), Unknown)
    assert isinstance(harness.processor.look_up(request), Declined)


def test_a_lost_request_can_be_made_sure_never_to_charge(harness: SandboxHarness) -> None:
    request = harness.request(cards.LOST)
    assert isinstance(harness.processor.charge(request), Unknown)
    assert harness.processor.look_up(request) == NotFound()
    assert isinstance(harness.processor.void(request), Declined)
    assert isinstance(harness.processor.look_up(request), Declined)


def test_a_request_that_arrives_after_its_void_charges_nothing(harness: SandboxHarness) -> None:
    request = harness.request()
    assert isinstance(harness.processor.void(request), Declined)
    late = harness.processor.charge(request)
    assert not isinstance(late, Succeeded)
    assert harness.charges_of(request) == []
    assert isinstance(harness.processor.look_up(request), Declined)


@pytest.mark.parametrize("charged_first", [True, False])
def test_a_void_ends_also_what_a_removed_card_keeps_from_charging(
    harness: SandboxHarness, charged_first: bool
) -> None:
    """Else the top-up would be asked about for ever, and keep its part of every limit."""
    request = harness.request()
    harness.processor.forget_card(request.card_token)
    if charged_first:
        assert isinstance(harness.processor.charge(request), Declined)
    assert isinstance(harness.processor.void(request), Declined)
    assert not isinstance(harness.processor.charge(request), Succeeded)
    assert harness.charges_of(request) == []


def test_a_void_that_comes_too_late_says_so(harness: SandboxHarness) -> None:
    request = harness.request()
    charged = harness.processor.charge(request)
    assert isinstance(charged, Succeeded)
    assert harness.processor.void(request) == charged
    assert harness.processor.void(request, charged.reference) == charged


def test_nobody_listening_means_not_sent() -> None:
    processor = SandboxProcessor(url="http://127.0.0.1:9", api_key="k", webhook_secret="w", timeout_seconds=1)
    request = cards.ChargeRequest("k", "t", "c", "p", 1, "JPY", RETURN_URL)
    assert processor.charge(request) == NotSent()
    assert isinstance(processor.look_up(request), Unknown)
    with pytest.raises(ProcessorError):
        processor.linking_result("seti_1")
    processor.close()


def test_a_wrong_api_key_is_no_decline(harness: SandboxHarness) -> None:
    request = harness.request()
    stranger = SandboxProcessor(url=harness.url, api_key="wrong", webhook_secret="w")
    assert not isinstance(stranger.charge(request), Succeeded)
    assert harness.charges_of(request) == []
    stranger.close()


# --- 3-D Secure at the charge
@pytest.mark.money(12)
def test_a_challenge_at_the_charge_is_completed_once(harness: SandboxHarness) -> None:
    request = harness.request(cards.CHALLENGES)
    asked = harness.processor.charge(request)
    assert isinstance(asked, NeedsAction)
    assert harness.charges_of(request) == []
    back = harness.decide(asked.url)
    assert back.headers["Location"].startswith(RETURN_URL)
    assert isinstance(harness.processor.look_up(request, asked.reference), Succeeded)
    harness.decide(asked.url)
    assert len(harness.charges_of(request)) == 1


def test_a_failed_challenge_at_the_charge_declines(harness: SandboxHarness) -> None:
    request = harness.request(cards.CHALLENGES)
    asked = harness.processor.charge(request)
    assert isinstance(asked, NeedsAction)
    harness.decide(asked.url, decision="decline")
    declined = Declined(asked.reference, Reason.AUTHENTICATION_FAILED)
    assert harness.processor.look_up(request, asked.reference) == declined
    assert harness.charges_of(request) == []


@pytest.mark.money(12)
def test_a_challenge_completed_after_its_time_charges_nothing(harness: SandboxHarness) -> None:
    request = harness.request(cards.CHALLENGES)
    asked = harness.processor.charge(request)
    assert isinstance(asked, NeedsAction)
    harness.advance_clock(3600)
    harness.decide(asked.url)
    assert harness.processor.look_up(request, asked.reference) == Declined(asked.reference, Reason.ABANDONED)
    assert harness.charges_of(request) == []


def test_a_voided_challenge_can_no_longer_be_completed(harness: SandboxHarness) -> None:
    request = harness.request(cards.CHALLENGES)
    asked = harness.processor.charge(request)
    assert isinstance(asked, NeedsAction)
    assert isinstance(harness.processor.void(request, asked.reference), Declined)
    harness.decide(asked.url)
    assert harness.charges_of(request) == []


# --- Refunds
def test_refunds_never_exceed_the_charge(harness: SandboxHarness) -> None:
    request = harness.request()
    charged = harness.processor.charge(request)
    assert isinstance(charged, Succeeded)

    def refund(number: int) -> Refunded | RefundRefused | Unknown:
        return harness.processor.refund(RefundRequest(f"{request.key}:{number}", charged.reference, 1_000))

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(refund, range(6)))
    assert sum(isinstance(outcome, Refunded) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, RefundRefused) for outcome in outcomes) == 3


def test_a_refund_is_given_once_for_its_key(harness: SandboxHarness) -> None:
    request = harness.request()
    charged = harness.processor.charge(request)
    assert isinstance(charged, Succeeded)
    refund = RefundRequest(f"refund:{request.top_up_id}", charged.reference, 2_000)
    first = harness.processor.refund(refund)
    assert isinstance(first, Refunded) and harness.processor.refund(refund) == first
    again = harness.processor.refund(replace(refund, key=refund.key + "b"))
    assert again == RefundRefused("amount_too_large")


# --- Disputes and settlement files
def test_a_dispute_is_answered_once_and_given_up_once(harness: SandboxHarness) -> None:
    charged = harness.processor.charge(harness.request(cards.DISPUTED))
    assert isinstance(charged, Succeeded)
    dispute = harness.open_dispute(charged)
    evidence = Evidence(f"answer:{dispute}", dispute, "203.0.113.7", "signed in", "3-D Secure passed")
    for _ in range(2):
        assert harness.processor.submit_evidence(evidence) == AnswerTaken()
    again = harness.processor.submit_evidence(replace(evidence, key=evidence.key + "b"))
    assert again == AnswerRefused("dispute_not_answerable")

    charged = harness.processor.charge(harness.request(cards.DISPUTED))
    assert isinstance(charged, Succeeded)
    dispute = harness.open_dispute(charged)
    for _ in range(2):
        assert harness.processor.accept_dispute(dispute, key=f"answer:{dispute}") == AnswerTaken()
    late = harness.processor.submit_evidence(Evidence("late", dispute, "", "", "too late"))
    assert late == AnswerRefused("dispute_not_answerable")


def test_the_settlement_file_holds_every_movement_once(harness: SandboxHarness) -> None:
    """The same lines at every reading, those of other movements aside; a failed charge has none."""
    refunded, disputed = harness.request(), harness.request(cards.DISPUTED)
    charges = [harness.processor.charge(one) for one in (refunded, disputed)]
    assert all(isinstance(one, Succeeded) for one in charges)
    references = [str(one.reference) for one in charges]
    given = harness.processor.refund(RefundRequest(f"refund:{refunded.top_up_id}", references[0], 1_000))
    assert isinstance(given, Refunded)
    harness.decide_dispute(harness.open_dispute(charges[1]), "won")
    begins, ends = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=400)
    entries = harness.processor.settlement_entries(begins, ends)
    found = [
        (one.reference, one.kind, one.amount_minor, one.currency)
        for one in entries
        if one.reference in references
    ]
    assert sorted(found) == sorted(
        [
            (references[0], LineKind.CHARGE, 3_000, "JPY"),
            (references[0], LineKind.REFUND, -1_000, "JPY"),
            (references[1], LineKind.CHARGE, 3_000, "JPY"),
            (references[1], LineKind.DISPUTE, -3_000, "JPY"),
            (references[1], LineKind.DISPUTE_WON, 3_000, "JPY"),
        ]
    )
    assert len({one.line_id for one in entries}) == len(entries)
    assert harness.processor.settlement_entries(begins, ends) == entries
    assert harness.processor.settlement_entries(begins - timedelta(days=9), begins - timedelta(days=8)) == []


# --- Webhooks
def signed(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{int(at.timestamp())}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={int(at.timestamp())},v1={digest}"}


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "w" * 40


def reader() -> SandboxProcessor:
    return SandboxProcessor(url="http://127.0.0.1:9", api_key="k", webhook_secret=SECRET)


def test_events_of_real_objects_are_understood(harness: SandboxHarness) -> None:
    request = harness.request(cards.DISPUTED)
    charged = harness.processor.charge(request)
    assert isinstance(charged, Succeeded)
    harness.advance_clock(3600)
    events = {event["type"]: json.dumps(event).encode() for event in reversed(harness.events())}

    def read(kind: str) -> object:
        body = events[kind]
        return reader().verify_webhook(body, signed(body, SECRET, NOW), now=NOW).content

    assert read("payment_intent.succeeded") == ChargeEvent(request.top_up_id, charged)
    dispute = read("charge.dispute.created")
    assert isinstance(dispute, DisputeEvent)
    assert (dispute.top_up_id, dispute.amount_minor, dispute.state) == (request.top_up_id, 3_000, "open")
    assert dispute.charge_reference == charged.reference
    assert isinstance(read("setup_intent.succeeded"), LinkingEvent)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "t=abc,v1=00"},
        {"Stripe-Signature": f"t={int(NOW.timestamp())},v1=00"},
        signed(b"{}", SECRET, NOW),
        signed(b'{"id": "evt_1"}', "another secret", NOW),
        signed(b'{"id": "evt_1"}', SECRET, NOW - timedelta(seconds=301)),
        signed(b'{"id": "evt_1"}', SECRET, NOW + timedelta(seconds=301)),
        signed(b'{"id": "evt_1"}', SECRET, NOW),
    ],
    ids=[
        "none",
        "empty",
        "no time",
        "forged",
        "other body",
        "other secret",
        "stale",
        "from the future",
        "unreadable",
    ],
)
def test_what_is_not_genuine_and_fresh_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedWebhookError):
        reader().verify_webhook(b'{"id": "evt_1"}', headers, now=NOW)
