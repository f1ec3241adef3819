"""Limits of one's own: lower at once, higher after a day with a bound proof, never passed, whoever writes."""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import policy
from accounts.actions.sign_ins import begin_sign_in
from accounts.models import User
from payments import limits, own_limits, posting, queries
from payments.actions.confirmations import confirm_payment
from payments.actions.one_time_codes import make_code
from payments.actions.own_limits import set_own_limit
from payments.actions.store_payments import TakenPayment, take_payment
from payments.errors import (
    CoolingOff,
    LimitReached,
    OwnLimitRefused,
    PaymentNotFound,
    SendLimitReached,
    TopUpLimitReached,
)
from payments.limit_words import spending_refused_because
from payments.models import OwnLimit, PaymentConfirmation
from tests.payments.actions.test_transfers import ledger_send
from tests.payments.books import Counter, at_once, customer_with, open_counter, wallet
from tests.payments.processors.harness import SandboxHarness
from tests.payments.sending import confirm_all, knows, signed_in, try_send
from tests.payments.topping import balance, linked_card, top_up
from tests.people import Person, make_customer
from wallet_site.actor import Actor
from wallet_site.errors import StepUpRequired
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)
Kind = OwnLimit.Kind


def set_to(person: Person, kind: OwnLimit.Kind, amount: int | None, actor: Actor | None = None) -> object:
    return set_own_limit(person.user, kind=kind, amount_minor=amount, actor=actor or person.actor)


def pay(
    person: Person, counter: Counter, amount: int, *, capture: bool = True, code: str = ""
) -> TakenPayment:
    return take_payment(
        counter.terminal,
        code=code or make_code(person.user, actor=person.actor).digits,
        amount_minor=amount,
        currency="JPY",
        reference=uuid.uuid4().hex[:12],
        idempotency_key=uuid.uuid4().hex,
        actor=counter.actor,
        capture=capture,
    )


def test_lower_counts_at_once_for_every_kind(harness: SandboxHarness, grown_up: None) -> None:
    aya, ken, counter = customer_with(30_000), make_customer("ken"), open_counter()
    set_to(aya, Kind.PER_PAYMENT, 2_000)
    set_to(aya, Kind.PER_DAY, 3_000)
    assert pay(aya, counter, 2_001).payment.decline_reason == "over-limit"
    assert pay(aya, counter, 2_000).payment.status == "captured"
    assert pay(aya, counter, 1_001, capture=False).payment.decline_reason == "over-limit"
    facts = queries.spending_facts(aya.user, wallet(aya).pk)
    refused = limits.refusal(1_001, facts)
    assert refused is not None and (refused.rule, refused.left) == ("own-per-day", 1_000)
    assert refused.ends_at is not None and "¥1,000" in spending_refused_because(refused)
    assert pay(aya, counter, 1_000).payment.status == "captured"

    set_to(aya, Kind.SENDING, 500)
    with pytest.raises(SendLimitReached) as sending:
        try_send(signed_in(aya), aya, knows(aya, ken), 501)
    assert sending.value.extra["limit"] == "own-sending-per-day"
    with pytest.raises(LimitReached):
        ledger_send(aya, ken, 501)

    card = linked_card(aya, harness)
    set_to(aya, Kind.TOP_UP, 1_500)
    before = balance(aya)
    with pytest.raises(TopUpLimitReached) as topping:
        top_up(aya, card, 1_501)
    assert topping.value.extra["limit"] == "own-per-day"
    top_up(aya, card, 1_500)
    assert balance(aya) == before + 1_500


@pytest.mark.requirement(29)
def test_a_raise_that_waits_is_called_off_by_whatever_makes_limits_low() -> None:
    """A thief would ask for it first, and change the address then."""
    people = [make_customer("aya"), make_customer("ken")]
    for person in people:
        actor = signed_in(person)
        set_to(person, Kind.PER_DAY, 3_000)
        with pytest.raises(StepUpRequired):
            set_to(person, Kind.PER_DAY, 5_000, actor)
        confirm_all(actor)
        assert set_own_limit(person.user, kind=Kind.PER_DAY, amount_minor=5_000, actor=actor).next_at
    aya, ken = people
    with recorded(aya.actor):
        User.objects.filter(pk=aya.user.pk).update(phone=f"+8190{secrets.randbelow(10**8):08d}")
    stranger = replace(ken.actor, browser="f" * 64, device="A browser nobody knows")
    begin_sign_in(ken.user, session_key=uuid.uuid4().hex, factor="totp", actor=stranger)
    for person in people:
        standing = own_limits.standing(person.user.pk, Kind.PER_DAY)
        assert (standing.amount, standing.next_at) == (3_000, None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'calls_raises_off'"
            " AND tgrelid = 'accounts_credentialchange'::regclass"
        )
        quiet = set(re.findall(r"'([a-z_]+)'", cursor.fetchone()[0]))
    assert quiet == {kind.value for kind in policy.WITHOUT_COOL_OFF}


@pytest.mark.requirement(29)
def test_higher_waits_a_day_is_confirmed_told_and_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    aya = make_customer("aya")
    actor = signed_in(aya)
    set_to(aya, Kind.PER_DAY, 3_000)
    for wanted in (5_000, None):
        with pytest.raises(StepUpRequired):
            set_to(aya, Kind.PER_DAY, wanted, actor)
    confirm_all(actor)
    after = set_own_limit(aya.user, kind=Kind.PER_DAY, amount_minor=5_000, actor=actor)
    assert (after.amount, after.next_amount) == (3_000, 5_000)
    assert after.next_at is not None
    assert timedelta(hours=23, minutes=59) < after.next_at - timezone.now() <= timedelta(hours=24)
    told = Event.objects.get(topic="payments:limit:raised", user_id=aya.user.pk)
    assert told.payload["new_minor"] == 5_000
    # Asking for the same again puts nothing off, and keeping the lower one calls it off.
    assert (
        set_own_limit(aya.user, kind=Kind.PER_DAY, amount_minor=5_000, actor=actor).next_at == after.next_at
    )
    assert set_own_limit(aya.user, kind=Kind.PER_DAY, amount_minor=3_000, actor=actor).next_at is None
    monkeypatch.setattr(policy, "_OPENING", timedelta(0))
    with pytest.raises(CoolingOff):
        set_to(aya, Kind.PER_DAY, 5_000, actor)
    set_to(aya, Kind.PER_DAY, 1_000, actor)  # Tightening is always possible.
    for amount in (-1, 10**9):
        with pytest.raises(OwnLimitRefused):
            set_to(aya, Kind.PER_DAY, amount, actor)
    assert own_limits.in_force(aya.user.pk) == {Kind.PER_DAY: 1_000}


def test_the_waiting_limit_counts_by_the_database_s_clock(owner_connection: psycopg.Connection) -> None:
    aya, counter = customer_with(10_000), open_counter()
    set_to(aya, Kind.PER_PAYMENT, 100)
    with owner_connection.transaction():
        owner_connection.execute("ALTER TABLE payments_ownlimit DISABLE TRIGGER tightens_at_once")
        owner_connection.execute(
            "UPDATE payments_ownlimit SET next_amount = 300, next_at = now() - interval '1 second'"
            " WHERE user_id = %s",
            [aya.user.pk],
        )
        owner_connection.execute("ALTER TABLE payments_ownlimit ENABLE TRIGGER tightens_at_once")
    assert own_limits.standing(aya.user.pk, Kind.PER_PAYMENT).own == 300
    assert pay(aya, counter, 301).payment.decline_reason == "over-limit"
    assert pay(aya, counter, 300).payment.status == "captured"


def test_the_database_loosens_nothing_at_once() -> None:
    aya = make_customer("aya")
    set_to(aya, Kind.PER_DAY, 3_000)
    set_to(aya, Kind.CONFIRM, 40_000)
    mine = OwnLimit.objects.filter(user=aya.user)
    soon = timezone.now() + timedelta(hours=23)
    for change in (
        {"amount": 3_001}, {"amount": None}, {"next_amount": 9_000, "next_at": soon},
        {"next_amount": None, "next_at": soon}, {"kind": "per-payment"}, {"amount": -1},
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.filter(kind=Kind.PER_DAY).update(**change)
    for amount in (None, 50_000, 60_000):
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.filter(kind=Kind.CONFIRM).update(amount=amount)
    ken = make_customer("ken").user
    with pytest.raises(DatabaseError), transaction.atomic():
        OwnLimit.objects.create(user=ken, kind=Kind.CONFIRM, amount=50_001)
    with pytest.raises(DatabaseError), transaction.atomic():
        mine.delete()
    assert sorted(mine.values_list("amount", flat=True)) == [3_000, 40_000]


def test_a_lower_limit_waits_for_what_is_on_its_way_and_stops_the_rest() -> None:
    aya, ken = customer_with(10_000), make_customer("ken")

    def work(number: int) -> int:
        """How much had left when the lower limit was answered."""
        if number == 0:
            set_to(aya, Kind.SENDING, 0)
            return wallet(aya).balance
        for _ in range(15):
            try:
                ledger_send(aya, ken, 1)
            except LimitReached:
                return -1
        return -1

    left = at_once(8, work)[0]
    assert wallet(aya).balance == left


@pytest.mark.requirement(36)
@pytest.mark.parametrize("capture", [True, False])
def test_above_the_threshold_the_till_asks_for_amount_and_store(capture: bool) -> None:
    aya, counter, other = customer_with(60_000), open_counter(), open_counter()
    set_to(aya, Kind.CONFIRM, 3_000)
    assert pay(aya, counter, 3_000, capture=capture).payment.decline_reason == ""
    code = make_code(aya.user, actor=aya.actor).digits
    asked = pay(aya, counter, 3_001, capture=capture, code=code).payment
    assert (asked.status, asked.decline_reason) == ("declined", "confirm-first")
    actor = signed_in(aya)
    with pytest.raises(StepUpRequired) as question:
        confirm_payment(aya.user, payment_id=asked.public_id, actor=actor)
    assert question.value.extra["step_up"]["payee"] == counter.terminal.store.full_name
    assert not PaymentConfirmation.objects.filter(customer=aya.user).exists()
    confirm_all(actor)
    confirm_payment(aya.user, payment_id=asked.public_id, actor=actor)
    # It dies with the amount and with the store, and is used once.
    for till, amount in ((counter, 3_002), (other, 3_001)):
        assert pay(aya, till, amount, capture=capture).payment.decline_reason == "confirm-first"
    assert pay(aya, counter, 3_001, capture=capture).payment.decline_reason == ""
    assert pay(aya, counter, 3_001, capture=capture).payment.decline_reason == "confirm-first"
    for nobodys in (uuid.uuid4(), pay(aya, counter, 10).payment.public_id):
        with pytest.raises(PaymentNotFound):
            confirm_payment(aya.user, payment_id=nobodys, actor=actor)
    with pytest.raises(PaymentNotFound):
        confirm_payment(make_customer("ken").user, payment_id=asked.public_id, actor=actor)


def test_a_confirmation_is_old_after_five_minutes(owner_connection: psycopg.Connection) -> None:
    aya, counter = customer_with(60_000), open_counter()
    set_to(aya, Kind.CONFIRM, 3_000)
    given = PaymentConfirmation.objects.create(
        customer=aya.user, store=counter.terminal.store, amount=3_500, currency="JPY",
        confirmed_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    owner_connection.execute(
        "UPDATE payments_paymentconfirmation SET confirmed_at = confirmed_at - interval '5 minutes' WHERE id = %s",
        [given.pk],
    )
    assert pay(aya, counter, 3_500).payment.decline_reason == "confirm-first"
    assert wallet(aya).balance == 60_000


def test_python_and_the_database_ask_from_the_same_amount_on(settings: Settings) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_confirm_above()")
        assert cursor.fetchone()[0] == limits.CONFIRM_ABOVE
    assert set(posting._REFUSALS) >= {"KK701", "KK702", "KK703", "KK705", "KK707"}
