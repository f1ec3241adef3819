"""Top-ups against a real processor process and the real books. Money is posted once, or not at all."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.actions.suspensions import suspend
from accounts.errors import Suspended
from payments import posting, tasks
from payments.actions import top_up_sweep, top_ups
from payments.actions.top_up_checks import TRIES_PER_HOUR
from payments.actions.top_up_reversals import refund_top_up
from payments.actions.top_up_sweep import ask_about, cancel_top_up, send_due_refunds, settle_due_top_ups
from payments.actions.top_ups import start_top_up
from payments.days import TOKYO, next_month_begins
from payments.errors import (
    CardNotFound,
    CardNotUsable,
    InsufficientFunds,
    NoProcessor,
    TopUpLimitReached,
    TopUpNotRefundable,
)
from payments.models import Account, Card, TopUp, TopUpState
from payments.processors.base import Reason, Succeeded
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import (
    SWEEP,
    audited,
    balance,
    books_balance,
    credits_of,
    linked_card,
    make_due,
    nothing_moved,
    top_up,
)
from tests.people import make_customer
from wallet_site.actor import Actor
from wallet_site.errors import InvalidInput, Problem, TooManyTries
from wallet_site.idempotency.once import KeyReused
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("grown_up")]


def reread(found: TopUp) -> TopUp:
    return TopUp.objects.select_related("card").get(pk=found.pk)


def in_threads(count: int, work):  # type: ignore[no-untyped-def]
    """Run `work(number)` at once on connections of their own; returns results or the errors raised."""

    def one(number: int) -> object:
        try:
            return work(number)
        except Problem as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(min(count, 16)) as threads:
        return list(threads.map(one, range(count)))


# --- The good way
def test_a_top_up_credits_the_wallet_and_tells(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    made = top_up(aya, card).top_up
    assert made.state == TopUpState.SUCCEEDED
    assert balance(aya) == 3_000
    assert credits_of(made) == [3_000]
    assert books_balance()
    assert Event.objects.filter(key=f"top-up-succeeded:{made.public_id}", user_id=aya.user.pk).count() == 1
    assert audited(aya, "payments:top_up:succeeded")[0]["amount_minor"] == 3_000


@pytest.mark.money(4)
def test_the_same_key_sixty_ways_charges_once(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    key = uuid.uuid4().hex
    results = in_threads(60, lambda _number: top_up(aya, card, key=key))
    assert {result.top_up.pk for result in results} == {TopUp.objects.get(user=aya.user).pk}
    assert sum(not result.repeated for result in results) == 1
    assert balance(aya) == 3_000
    assert len(harness.charges_of(top_ups.request_for(results[0].top_up))) == 1


@pytest.mark.money(4)
def test_the_same_key_with_another_body_is_refused(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card, other = linked_card(aya, harness), linked_card(aya, harness)
    top_up(aya, card, key="first-key")
    for changed in ({"amount_minor": 4_000}, {"card": other}):
        with pytest.raises(KeyReused):
            top_up(aya, **({"card": card, "key": "first-key"} | changed))
    assert balance(aya) == 3_000


@pytest.mark.money(4)
def test_two_customers_keys_never_meet(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    for person in (aya, ken):
        top_up(person, linked_card(person, harness), key="the-same-key")
    assert balance(aya) == balance(ken) == 3_000


# --- Refusals: nothing moves
def test_somebody_elses_card_is_not_found(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    card = linked_card(ken, harness)
    with pytest.raises(CardNotFound):
        top_up(aya, card)
    assert nothing_moved(aya)
    assert nothing_moved(ken)
    assert audited(aya, "payments:top_up:refused")[0]["problem"] == "card-not-found"


@pytest.mark.parametrize("amount", [0, -1, 499])
def test_amounts_below_the_minimum(harness: SandboxHarness, amount: int) -> None:
    aya = make_customer("aya")
    with pytest.raises(InvalidInput):
        top_up(aya, linked_card(aya, harness), amount)
    assert nothing_moved(aya)


def test_an_expired_card_is_not_charged(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    with time_machine.travel(timezone.now() + timedelta(days=365 * 9)), pytest.raises(CardNotUsable):
        top_up(aya, card)
    assert nothing_moved(aya)


def test_without_a_processor_nothing_is_charged(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    settings.PROCESSOR = "none"
    with pytest.raises(NoProcessor):
        top_up(aya, card)
    assert nothing_moved(aya)


@pytest.mark.money(13)
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (cards.INSUFFICIENT, Reason.INSUFFICIENT_FUNDS),
        (cards.STOLEN, Reason.LOST_OR_STOLEN),
        (cards.EXPIRED, Reason.CARD_EXPIRED),
    ],
)
def test_a_decline_fails_with_its_reason_and_gives_quota_back(
    harness: SandboxHarness, settings: Settings, number: str, reason: Reason
) -> None:
    settings.TOP_UP_PER_DAY = 3_000
    aya = make_customer("aya")
    declined = top_up(aya, linked_card(aya, harness, number)).top_up
    assert (declined.state, declined.failure_reason) == (TopUpState.FAILED, reason)
    assert nothing_moved(aya)
    top_up(aya, linked_card(aya, harness))
    assert balance(aya) == 3_000


def test_a_processor_that_is_not_there_fails_at_once(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    made = top_up(aya, card).top_up
    assert (made.state, made.failure_reason) == (TopUpState.FAILED, Reason.PROCESSOR_UNAVAILABLE)
    assert nothing_moved(aya)


def test_card_testing_is_slowed_even_where_risk_sees_nothing(
    harness: SandboxHarness, settings: Settings
) -> None:
    settings.RISK_THRESHOLDS = settings.RISK_THRESHOLDS | {
        "top_ups_in_ten_minutes_step_up": 99,
        "top_ups_in_ten_minutes_delay": 99,
    }
    aya = make_customer("aya")
    card = linked_card(aya, harness, cards.INSUFFICIENT)
    for _ in range(TRIES_PER_HOUR):
        top_up(aya, card, 500)
    with pytest.raises(TooManyTries):
        top_up(aya, card, 500)


# --- Suspensions and freezes
@pytest.mark.parametrize("scope", ["top_up", "all"])
def test_a_suspended_customer_is_not_charged(harness: SandboxHarness, scope: str) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    stop(aya, scope)
    with pytest.raises(Suspended):
        top_up(aya, card)
    assert nothing_moved(aya)


def stop(person, scope: str) -> None:  # type: ignore[no-untyped-def]
    suspend(
        person.user,
        scope=scope,
        reason_code="fraud",
        reason="a test",
        channel="system",
        actor=Actor.system("tests"),
    )


def test_a_freeze_between_charge_and_credit_keeps_the_money_the_customers(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.SLOW_THEN_SUCCEEDS)).top_up
    assert begun.state == TopUpState.UNKNOWN
    stop(aya, "all")
    assert ask_about(reread(begun), actor=SWEEP).state == TopUpState.SUCCEEDED
    assert balance(aya) == 3_000
    wallet = Account.objects.get(owner=aya.user, kind="wallet")
    with pytest.raises(Exception, match="wallet-frozen"), recorded(SWEEP):
        posting.post(
            event_key=uuid.uuid4().hex,
            kind="payment",
            debit_account_id=wallet.pk,
            credit_account_id=posting.own_account("suspense", other_side=wallet.pk),
            amount_minor=1,
            reference="test",
        )
    assert balance(aya) == 3_000


# --- No answer
@pytest.mark.money(9)
def test_a_time_out_after_the_charge_is_unknown_and_settled_by_the_sweep_once(
    harness: SandboxHarness,
) -> None:
    aya = make_customer("aya")
    card = linked_card(aya, harness, cards.SLOW_THEN_SUCCEEDS)
    begun = top_up(aya, card, key="slow-key").top_up
    assert begun.state == TopUpState.UNKNOWN
    assert balance(aya) == 0
    again = top_up(aya, card, key="slow-key")
    assert again.repeated
    assert again.top_up.pk == begun.pk

    make_due(begun)
    settle_due_top_ups(SWEEP)
    assert reread(begun).state == TopUpState.SUCCEEDED
    make_due(begun)
    settle_due_top_ups(SWEEP)
    assert credits_of(begun) == [3_000]
    assert balance(aya) == 3_000
    assert len(harness.charges_of(top_ups.request_for(begun))) == 1


def test_a_time_out_after_a_decline_ends_as_failed(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.SLOW_THEN_FAILS)).top_up
    assert begun.state == TopUpState.UNKNOWN
    make_due(begun)
    settle_due_top_ups(SWEEP)
    assert reread(begun).state == TopUpState.FAILED
    assert nothing_moved(aya)


@pytest.mark.money(10)
def test_a_lost_request_is_voided_before_it_counts_as_failed(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.LOST)).top_up
    make_due(begun)
    settle_due_top_ups(SWEEP)
    assert reread(begun).state == TopUpState.UNKNOWN, "too early to call it lost"

    with time_machine.travel(timezone.now() + top_up_sweep.LOST_AFTER + timedelta(seconds=30)):
        make_due(begun)
        settle_due_top_ups(SWEEP)
    assert reread(begun).state == TopUpState.FAILED
    # The request arrives after all: its key is used up.
    late = harness.processor.charge(top_ups.request_for(begun))
    assert not isinstance(late, Succeeded)
    assert harness.charges_of(top_ups.request_for(begun)) == []
    assert nothing_moved(aya)


@pytest.mark.parametrize("step", ["before the processor is asked", "after the processor answered"])
def test_a_crash_between_the_steps_is_settled_by_the_sweep(
    harness: SandboxHarness, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Crash(BaseException):
        """kill -9, as far as Python can play it: nothing behind it runs."""

    def crash(*_arguments: object, **_named: object) -> None:
        raise Crash

    aya = make_customer("aya")
    card = linked_card(aya, harness)
    before = step.startswith("before")
    with monkeypatch.context() as patch:
        patch.setattr(top_ups, "processor_named" if before else "apply_outcome", crash)
        with pytest.raises(Crash):
            top_up(aya, card)
    left = TopUp.objects.get(user=aya.user)
    assert left.state == TopUpState.CREATED
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        settle_due_top_ups(SWEEP)
    assert reread(left).state == (TopUpState.FAILED if before else TopUpState.SUCCEEDED)
    # A request that was only slow arrives after all: it finds its key used up, or its charge made.
    harness.processor.charge(top_ups.request_for(left))
    assert balance(aya) == (0 if before else 3_000)
    assert len(harness.charges_of(top_ups.request_for(left))) == (0 if before else 1)


@pytest.mark.money(8)
def test_one_that_cannot_be_settled_stops_no_other(
    harness: SandboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    first, second = (
        top_up(one, linked_card(one, harness, cards.SLOW_THEN_SUCCEEDS)).top_up for one in (aya, ken)
    )
    apply_outcome = top_up_sweep.apply_outcome

    def broken(top_up_id: int, *args, **kwargs):  # type: ignore[no-untyped-def]
        if top_up_id == first.pk:
            raise DatabaseError("tests")
        return apply_outcome(top_up_id, *args, **kwargs)

    monkeypatch.setattr(top_up_sweep, "apply_outcome", broken)
    for one in (first, second):
        make_due(one)
    settle_due_top_ups(SWEEP)
    assert [reread(one).state for one in (first, second)] == [TopUpState.UNKNOWN, TopUpState.SUCCEEDED]
    monkeypatch.undo()
    make_due(first)
    settle_due_top_ups(SWEEP)
    assert [balance(aya), balance(ken)] == [3_000, 3_000]


def test_sweeps_beside_each_other_credit_once(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.SLOW_THEN_SUCCEEDS)).top_up
    results = in_threads(8, lambda _number: ask_about(reread(begun), actor=SWEEP).state)
    assert set(results) == {TopUpState.SUCCEEDED}
    assert credits_of(begun) == [3_000]


@pytest.mark.money(8)
def test_tasks_that_the_broker_delivers_twice_and_in_any_order_do_everything_once(
    harness: SandboxHarness,
) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    begun = top_up(aya, linked_card(aya, harness, cards.SLOW_THEN_SUCCEEDS)).top_up
    given = refund_top_up(top_up(ken, linked_card(ken, harness)).top_up, reason="test", actor=SWEEP)
    TopUp.objects.filter(pk__in=[begun.pk, given.pk]).update(check_at=timezone.now() - timedelta(days=1))
    delivered = [tasks.settle_top_ups, tasks.settle_cards, tasks.expire_payments, tasks.send_dispute_answers]
    in_threads(8, lambda number: [task() for task in delivered[number % 4 :] + delivered])
    assert reread(begun).state == TopUpState.SUCCEEDED
    assert (credits_of(begun), balance(aya), balance(ken)) == ([3_000], 3_000, 0)
    for what, made in (("succeeded", begun), ("refunded", given)):
        assert Event.objects.filter(key=f"top-up-{what}:{made.public_id}").count() == 1


# --- 3-D Secure at the charge
def test_the_banks_page_is_asked_then_credited(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.CHALLENGES)).top_up
    assert begun.state == TopUpState.NEEDS_ACTION
    assert begun.action_url
    assert balance(aya) == 0
    assert ask_about(reread(begun), actor=SWEEP).state == TopUpState.NEEDS_ACTION
    harness.decide(begun.action_url)
    assert ask_about(reread(begun), actor=SWEEP).state == TopUpState.SUCCEEDED
    assert reread(begun).action_url is None
    harness.decide(begun.action_url)
    ask_about(reread(begun), actor=SWEEP)
    assert credits_of(begun) == [3_000]


@pytest.mark.money(12)
def test_a_failed_challenge_fails(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.CHALLENGES)).top_up
    harness.decide(begun.action_url or "", decision="decline")
    ended = ask_about(reread(begun), actor=SWEEP)
    assert (ended.state, ended.failure_reason) == (TopUpState.FAILED, Reason.AUTHENTICATION_FAILED)
    assert nothing_moved(aya)


@pytest.mark.money(12)
def test_an_abandoned_challenge_is_voided_and_cannot_be_completed_late(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.CHALLENGES)).top_up
    with time_machine.travel(timezone.now() + top_up_sweep.ABANDONED_AFTER + timedelta(minutes=1)):
        make_due(begun)
        settle_due_top_ups(SWEEP)
    ended = reread(begun)
    assert (ended.state, ended.failure_reason) == (TopUpState.FAILED, Reason.ABANDONED)
    harness.decide(begun.action_url or "")
    assert harness.charges_of(top_ups.request_for(begun)) == []
    assert nothing_moved(aya)


def test_the_customer_gives_up_at_the_banks_page(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.CHALLENGES)).top_up
    assert cancel_top_up(reread(begun), actor=aya.actor).failure_reason == Reason.ABANDONED
    assert nothing_moved(aya)


def test_giving_up_after_confirming_tells_the_truth(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.CHALLENGES)).top_up
    harness.decide(begun.action_url or "")
    assert cancel_top_up(reread(begun), actor=aya.actor).state == TopUpState.SUCCEEDED
    assert balance(aya) == 3_000


# --- Limits
@pytest.mark.parametrize(
    ("setting", "value", "rule", "has_end"),
    [
        ("TOP_UP_PER_CHARGE", 2_999, "per-charge", False),
        ("TOP_UP_WALLET_BALANCE", 2_999, "wallet-balance", False),
        ("TOP_UP_PER_DAY", 2_999, "per-day", True),
        ("TOP_UP_PER_MONTH", 2_999, "per-month", True),
        ("TOP_UP_NEW_ACCOUNT", [(3, 2_999)], "new-account-per-day", True),
        ("TOP_UP_NEW_CARD", [(60, 2_999)], "new-card-per-day", True),
    ],
)
def test_each_limit_refuses_by_name_and_says_when_it_ends(
    harness: SandboxHarness, settings: Settings, setting: str, value: object, rule: str, has_end: bool
) -> None:
    setattr(settings, setting, value)
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    with pytest.raises(TopUpLimitReached) as refused:
        top_up(aya, card)
    assert refused.value.extra["limit"] == rule
    assert refused.value.extra["left_minor"] == 2_999
    assert ("ends_at" in refused.value.extra) is has_end
    assert refused.value.errors[0].pointer == "/amount"
    assert nothing_moved(aya)
    assert audited(aya, "payments:top_up:refused")[0]["limit"] == rule
    top_up(aya, card, 2_999)
    assert balance(aya) == 2_999


@pytest.mark.money(13)
def test_parallel_requests_never_pass_a_limit_together(harness: SandboxHarness, settings: Settings) -> None:
    settings.TOP_UP_PER_DAY = 5_999
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    results = in_threads(12, lambda _number: top_up(aya, card, 2_000))
    refused = [result for result in results if isinstance(result, TopUpLimitReached)]
    assert len(refused) == 10
    assert balance(aya) == 4_000
    assert books_balance()


def test_what_is_on_its_way_counts(harness: SandboxHarness, settings: Settings) -> None:
    settings.TOP_UP_WALLET_BALANCE = 5_000
    aya = make_customer("aya")
    top_up(aya, linked_card(aya, harness, cards.LOST))
    with pytest.raises(TopUpLimitReached):
        top_up(aya, linked_card(aya, harness))
    assert balance(aya) == 0


@pytest.mark.money(13)
def test_a_day_turns_in_tokyo(harness: SandboxHarness, settings: Settings) -> None:
    settings.TOP_UP_PER_DAY = 3_000
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    tomorrow = timezone.now().astimezone(TOKYO) + timedelta(days=1)
    last_minute = tomorrow.replace(hour=23, minute=59, second=30)
    with time_machine.travel(last_minute, tick=False):
        top_up(aya, card)
        with pytest.raises(TopUpLimitReached):
            top_up(aya, card)
    with time_machine.travel(last_minute + timedelta(minutes=1), tick=False):
        top_up(aya, card)
    assert balance(aya) == 6_000


@pytest.mark.money(13)
def test_a_month_turns_in_tokyo(harness: SandboxHarness, settings: Settings) -> None:
    settings.TOP_UP_PER_MONTH = 3_000
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    last_minute = next_month_begins(timezone.now()) - timedelta(seconds=30)
    with time_machine.travel(last_minute, tick=False):
        top_up(aya, card)
        with pytest.raises(TopUpLimitReached) as refused:
            top_up(aya, card)
        assert refused.value.extra["limit"] == "per-month"
    with time_machine.travel(last_minute + timedelta(minutes=1), tick=False):
        top_up(aya, card)
    assert balance(aya) == 6_000


def test_a_card_linked_anew_buys_no_new_limit(harness: SandboxHarness, settings: Settings) -> None:
    settings.TOP_UP_NEW_CARD = [(60, 3_000)]
    aya = make_customer("aya")
    card = linked_card(aya, harness)
    top_up(aya, card)
    with recorded(aya.actor):
        Card.objects.filter(pk=card.pk).update(state="removed", ended_at=timezone.now(), ended_why="removed")
        again = Card.objects.get(pk=card.pk)
        again.pk, again.public_id, again.token = None, uuid.uuid4(), uuid.uuid4().hex
        again.state, again.ended_at, again.ended_why = "live", None, ""
        again.save(force_insert=True)
    with pytest.raises(TopUpLimitReached):
        top_up(aya, again, 500)


# --- Refunds
def test_a_refund_takes_the_money_first_and_is_given_once(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    made = top_up(aya, linked_card(aya, harness)).top_up
    refunded = refund_top_up(made, reason="asked", actor=SWEEP)
    assert refunded.state == TopUpState.REFUNDED
    assert refunded.refund_reference
    assert balance(aya) == 0
    refund_top_up(refunded, reason="asked", actor=SWEEP)
    assert harness.api("GET", f"/v1/payment_intents/{made.processor_reference}")["amount_received"] == 3_000
    charge = harness.api("GET", f"/v1/payment_intents/{made.processor_reference}")["latest_charge"]
    assert harness.api("GET", f"/v1/charges/{charge}")["amount_refunded"] == 3_000
    assert books_balance()


def test_a_refund_whose_answer_is_lost_is_sent_again(harness: SandboxHarness, settings: Settings) -> None:
    aya = make_customer("aya")
    made = top_up(aya, linked_card(aya, harness)).top_up
    right_url = settings.SANDBOX_URL
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    assert refund_top_up(made, reason="asked", actor=SWEEP).refund_reference == ""
    assert balance(aya) == 0
    settings.SANDBOX_URL = right_url
    make_due(made)
    send_due_refunds(SWEEP)
    assert reread(made).refund_reference
    assert balance(aya) == 0


def test_what_was_spent_or_never_charged_is_not_refunded(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    made = top_up(aya, linked_card(aya, harness)).top_up
    wallet = Account.objects.get(owner=aya.user, kind="wallet")
    with recorded(SWEEP):
        posting.post(
            event_key=uuid.uuid4().hex,
            kind="payment",
            debit_account_id=wallet.pk,
            credit_account_id=posting.own_account("suspense", other_side=wallet.pk),
            amount_minor=1,
            reference="test",
        )
    with pytest.raises(InsufficientFunds):
        refund_top_up(made, reason="asked", actor=SWEEP)
    assert reread(made).state == TopUpState.SUCCEEDED
    assert balance(aya) == 2_999
    failed = top_up(aya, linked_card(aya, harness, cards.STOLEN)).top_up
    with pytest.raises(TopUpNotRefundable):
        refund_top_up(failed, reason="asked", actor=SWEEP)


# --- The database's own guards
def refused_by_the_database(sql: str, parameters: list[object]) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
    except DatabaseError:
        return True
    return False


def test_no_hand_makes_a_success_without_its_journal(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    done = top_up(aya, linked_card(aya, harness)).top_up
    begun = top_up(aya, linked_card(aya, harness, cards.LOST)).top_up
    failed = top_up(aya, linked_card(aya, harness, cards.STOLEN)).top_up
    wallet = Account.objects.get(owner=aya.user, kind="wallet")
    with recorded(SWEEP):
        other_journal = posting.post_top_up(
            event_key=f"top_up:{uuid.uuid4()}",
            wallet_account_id=wallet.pk,
            amount_minor=3_000,
            reference="not of any top-up",
        ).journal_id
    for sql, parameters in (
        ("UPDATE payments_topup SET state = 'succeeded' WHERE id = %s", [begun.pk]),
        (
            "UPDATE payments_topup SET state = 'succeeded', journal_id = %s WHERE id = %s",
            [other_journal, begun.pk],
        ),
        ("UPDATE payments_topup SET amount = 9 WHERE id = %s", [begun.pk]),
        ("UPDATE payments_topup SET state = 'processing', failure_reason = '' WHERE id = %s", [failed.pk]),
        ("UPDATE payments_topup SET state = 'created', journal_id = NULL WHERE id = %s", [done.pk]),
        ("UPDATE payments_topup SET state = 'failed', failure_reason = 'x' WHERE id = %s", [done.pk]),
        ("UPDATE payments_topup SET user_id = user_id + 1 WHERE id = %s", [begun.pk]),
        ("DELETE FROM payments_topup WHERE id = %s", [begun.pk]),
    ):
        assert refused_by_the_database(sql, parameters), sql
    assert [reread(one).state for one in (done, begun, failed)] == ["succeeded", "unknown", "failed"]


def test_a_charge_with_another_amount_credits_nothing_and_calls_people(harness: SandboxHarness) -> None:
    aya = make_customer("aya")
    begun = top_up(aya, linked_card(aya, harness, cards.LOST)).top_up
    news = Succeeded("pi_of_something_else", 9_999)
    assert top_ups.apply_outcome(begun.pk, news, actor=SWEEP).state == TopUpState.UNKNOWN
    assert nothing_moved_yet(aya)
    assert audited(aya, "payments:top_up:amount_differs") == [{"asked_minor": 3_000, "charged_minor": 9_999}]


def nothing_moved_yet(person) -> bool:  # type: ignore[no-untyped-def]
    return balance(person) == 0


def test_a_stranger_cannot_start_a_top_up_for_somebody(harness: SandboxHarness) -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    card = linked_card(aya, harness)
    with pytest.raises(CardNotFound):
        start_top_up(
            ken.user, card_id=card.public_id, amount_minor=3_000, request_key="k" * 8, actor=ken.actor
        )
    assert nothing_moved(aya)
    assert nothing_moved(ken)
