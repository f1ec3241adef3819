"""A store holds money first and takes it later: once, at most what was held, and never after its time."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from accounts.models import Suspension
from payments import posting
from payments.actions.authorizations import cancel_payment, capture_payment, expire_authorizations
from payments.actions.store_payments import refund_payment, take_payment
from payments.errors import BadAmount, HoldNotOpen, PaymentNotFound, WalletFrozen
from payments.models import Payment
from payments.verification import first_fault
from tests.payments.books import TESTS, Counter, at_once, customer_with, open_counter, shown_code, wallet
from wallet_site.audit.models import AuditRow
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db


def authorize(counter: Counter, code: str, amount: int) -> Payment:
    return take_payment(
        counter.terminal,
        code=code,
        amount_minor=amount,
        currency="JPY",
        reference=uuid4().hex,
        idempotency_key=str(uuid4()),
        actor=counter.actor,
        capture=False,
    ).payment


def capture(counter: Counter, payment: Payment, amount: int) -> Payment:
    return capture_payment(
        counter.terminal, payment_public_id=payment.public_id, amount_minor=amount, actor=counter.actor
    )


def cancel(counter: Counter, payment: Payment) -> Payment:
    return cancel_payment(counter.terminal, payment_public_id=payment.public_id, actor=counter.actor)


def receipts(payment: Payment) -> int:
    return Event.objects.filter(key=f"payment:{payment.public_id}").count()


def test_an_authorization_holds_the_money_and_owes_no_receipt_yet() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = authorize(counter, shown_code(aya), 1_200)
    assert (payment.status, payment.captured, payment.journal_id) == ("authorized", 0, None)
    assert (wallet(aya).balance, wallet(aya).held) == (5_000, 1_200)
    assert receipts(payment) == 0
    assert AuditRow.objects.filter(action="terminal:payment:authorized", user_id=aya.user.pk).exists()


def test_a_capture_takes_a_part_and_lets_the_rest_go() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = capture(counter, authorize(counter, shown_code(aya), 1_200), 900)
    assert (payment.status, payment.captured) == ("captured", 900)
    assert (wallet(aya).balance, wallet(aya).held, receipts(payment)) == (4_100, 0, 1)
    with connection.cursor() as cursor:
        assert first_fault(cursor) is None


@pytest.mark.money(16)
def test_the_same_capture_again_is_a_repeat_and_another_is_refused() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = authorize(counter, shown_code(aya), 1_200)
    capture(counter, payment, 900)
    assert capture(counter, payment, 900).captured == 900
    for amount in (300, 1_200):
        with pytest.raises(HoldNotOpen):
            capture(counter, payment, amount)
    with pytest.raises(HoldNotOpen):
        cancel(counter, payment)
    assert (wallet(aya).balance, receipts(payment)) == (4_100, 1)


@pytest.mark.money(16)
def test_no_more_is_captured_than_was_authorized() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = authorize(counter, shown_code(aya), 1_200)
    with pytest.raises(BadAmount):
        capture(counter, payment, 1_201)
    assert (wallet(aya).balance, wallet(aya).held) == (5_000, 1_200)


def test_refunds_after_a_capture_stop_at_what_was_captured() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = capture(counter, authorize(counter, shown_code(aya), 1_200), 900)
    refund_payment(
        counter.terminal,
        payment_public_id=payment.public_id,
        amount_minor=900,
        idempotency_key=str(uuid4()),
        actor=counter.actor,
    )
    assert wallet(aya).balance == 5_000


def test_a_cancelled_authorization_is_free_money_again() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = authorize(counter, shown_code(aya), 1_200)
    for _ in range(2):
        assert cancel(counter, payment).status == "cancelled"
    assert (wallet(aya).balance, wallet(aya).held) == (5_000, 0)
    assert AuditRow.objects.filter(action="terminal:payment:cancelled", user_id=aya.user.pk).count() == 1
    with pytest.raises(HoldNotOpen):
        capture(counter, payment, 1)


def test_another_merchant_finds_nothing() -> None:
    aya, counter, other = customer_with(5_000), open_counter(), open_counter()
    payment = authorize(counter, shown_code(aya), 1_200)
    with pytest.raises(PaymentNotFound):
        capture(other, payment, 1)
    with pytest.raises(PaymentNotFound):
        cancel(other, payment)
    assert wallet(aya).held == 1_200


@pytest.mark.requirement(34)
def test_what_was_authorized_before_a_freeze_is_not_captured_after_it() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = authorize(counter, shown_code(aya), 1_200)
    with recorded(TESTS):
        Suspension.objects.create(
            user=aya.user, scope="all", reason_code="other", reason="x", channel="customer"
        )
    with pytest.raises(WalletFrozen):
        capture(counter, payment, 1_200)
    assert wallet(aya).balance == 5_000
    cancel(counter, payment)


def test_the_clock_lets_an_old_authorization_go_and_no_young_one(monkeypatch: pytest.MonkeyPatch) -> None:
    aya, ken, counter = customer_with(5_000), customer_with(5_000, "ken"), open_counter()
    young = authorize(counter, shown_code(aya), 1_200)
    monkeypatch.setattr("payments.actions.store_payments.AUTHORIZED_FOR", timedelta(seconds=-1))
    old = authorize(counter, shown_code(ken), 800)
    with pytest.raises(HoldNotOpen):
        capture(counter, old, 800)
    assert expire_authorizations(TESTS) >= 1
    young.refresh_from_db()
    old.refresh_from_db()
    assert (young.status, old.status) == ("authorized", "cancelled")
    assert (wallet(aya).held, wallet(ken).held) == (1_200, 0)
    with pytest.raises(HoldNotOpen), recorded(TESTS):
        posting.cancel_store_payment(str(young.public_id), expired=True)


@pytest.mark.money(16)
@pytest.mark.django_db(transaction=True)
def test_capture_and_cancel_race_for_one_authorization(owner_connection: psycopg.Connection) -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = authorize(counter, shown_code(aya), 1_200)
    results = at_once(
        8, lambda n: (capture(counter, payment, 1_200) if n % 2 else cancel(counter, payment)).status
    )
    won = {result for result in results if not isinstance(result, Exception)}
    assert len(won) == 1
    assert all(isinstance(result, HoldNotOpen) for result in results if isinstance(result, Exception))
    assert wallet(aya).held == 0
    assert wallet(aya).balance == (3_800 if won == {"captured"} else 5_000)
    assert receipts(payment) == (1 if won == {"captured"} else 0)
    assert first_fault(owner_connection.cursor()) is None


def test_what_was_declined_is_neither_captured_nor_cancelled_nor_let_go() -> None:
    """A hold that was refused: nothing of it can be taken later, by no step and by no clock."""
    aya, counter = customer_with(100), open_counter()
    declined = authorize(counter, shown_code(aya), 500)
    assert (declined.status, declined.decline_reason) == ("declined", "insufficient-funds")
    with pytest.raises(HoldNotOpen):
        capture(counter, declined, 100)
    with pytest.raises(HoldNotOpen):
        cancel(counter, declined)
    expire_authorizations(TESTS)
    declined.refresh_from_db()
    assert (declined.status, wallet(aya).balance, wallet(aya).held) == ("declined", 100, 0)
