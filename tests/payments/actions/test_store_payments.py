"""A store takes a payment by a code: once, within limits, with a reason where it is declined."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Suspension, User
from payments import posting
from payments.actions.merchants import add_terminal, open_store, revoke_terminal
from payments.actions.one_time_codes import make_code
from payments.actions.store_payments import TakenPayment, refund_payment, take_payment
from payments.errors import LimitReached, PaymentNotFound, ReferenceUsed, RefundTooHigh, TerminalCutOff
from payments.limits import RULES
from payments.models import Account, OneTimeCode, Payment, SpendingDay, Store
from payments.one_time_codes import draw
from tests.payments.books import (
    TESTS,
    Counter,
    at_once,
    customer_with,
    open_counter,
    shown_code,
    top_up,
    wallet,
)
from tests.payments.topping import fresh
from tests.people import make_customer
from wallet_site.audit.models import AuditRow
from wallet_site.errors import TooManyTries
from wallet_site.idempotency.once import KeyReused
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db


def sell(counter: Counter, code: str, amount: int, *, key: str = "", reference: str = "") -> TakenPayment:
    return take_payment(
        counter.terminal,
        code=code,
        amount_minor=amount,
        currency="JPY",
        reference=reference or f"sale-{uuid4().hex[:12]}",
        idempotency_key=key or str(uuid4()),
        actor=counter.actor,
    )


def payable(counter: Counter) -> int:
    accounts = Account.objects.filter(merchant=counter.terminal.store.merchant)
    assert accounts.count() == 16
    return sum(account.balance for account in accounts)


def test_a_code_pays_and_leaves_its_tracks() -> None:
    aya, counter = customer_with(5_000), open_counter()
    taken = sell(counter, shown_code(aya), 1_200)
    assert (taken.payment.status, taken.payment.captured, taken.repeated) == ("captured", 1_200, False)
    assert (wallet(aya).balance, payable(counter)) == (3_800, 1_200)
    row = AuditRow.objects.get(action="terminal:payment:captured", subject_id=str(taken.payment.pk))
    assert row.user_id == aya.user.pk and row.actor["kind"] == "terminal"
    assert Event.objects.filter(key=f"payment:{taken.payment.public_id}").count() == 1


def test_spaces_in_a_typed_code_do_not_matter() -> None:
    aya, counter = customer_with(5_000), open_counter()
    code = shown_code(aya)
    assert sell(counter, f" {code[:4]} {code[4:8]}-{code[8:]}", 10).payment.status == "captured"


def test_a_code_pays_once() -> None:
    aya, counter = customer_with(5_000), open_counter()
    code = shown_code(aya)
    sell(counter, code, 1_000)
    again = sell(counter, code, 1_000).payment
    assert (again.status, again.decline_reason) == ("declined", "code-used")
    assert wallet(aya).balance == 4_000


@pytest.mark.money(14)
def test_a_new_code_kills_the_old_one() -> None:
    aya, counter = customer_with(5_000), open_counter()
    old, new = shown_code(aya), shown_code(aya)
    assert sell(counter, old, 100).payment.decline_reason == "code-expired"
    assert sell(counter, new, 100).payment.status == "captured"


@pytest.mark.money(14)
def test_an_old_code_is_declined() -> None:
    aya, counter = customer_with(5_000), open_counter()
    shown = make_code(aya.user, actor=aya.actor)
    OneTimeCode.objects.filter(pk=shown.code.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sell(counter, shown.digits, 100).payment.decline_reason == "code-expired"
    assert wallet(aya).balance == 5_000


def test_a_code_of_nobody_is_declined() -> None:
    payment = sell(open_counter(), draw(), 100).payment
    assert (payment.decline_reason, payment.customer_id) == ("code-unknown", None)


def test_a_decline_uses_up_neither_code_nor_limit() -> None:
    aya, counter = customer_with(1_000), open_counter()
    code = shown_code(aya)
    declined = sell(counter, code, 1_001).payment
    assert (declined.status, declined.decline_reason) == ("declined", "insufficient-funds")
    assert not Event.objects.filter(key=f"payment:{declined.public_id}").exists()
    assert AuditRow.objects.filter(action="terminal:payment:declined", user_id=aya.user.pk).count() == 1
    assert sell(counter, code, 1_000).payment.status == "captured"
    assert wallet(aya).spending_days.get().spent == 1_000


def test_a_repeat_answers_the_first_result() -> None:
    aya, counter = customer_with(5_000), open_counter()
    code, key, reference = shown_code(aya), str(uuid4()), "sale-1"
    first = sell(counter, code, 1_000, key=key, reference=reference)
    again = sell(counter, code, 1_000, key=key, reference=reference)
    assert again.repeated and again.payment == first.payment
    assert wallet(aya).balance == 4_000
    assert Event.objects.filter(key=f"payment:{first.payment.public_id}").count() == 1
    with pytest.raises(KeyReused):
        sell(counter, code, 1_001, key=key, reference=reference)


def test_a_declined_repeat_stays_declined() -> None:
    """Else a till that repeats a lost answer could take a payment that it told the customer was declined."""
    aya, counter = customer_with(0), open_counter()
    code, key = shown_code(aya), str(uuid4())
    first = sell(counter, code, 1_000, key=key, reference="r")
    top_up(aya, 5_000)
    again = sell(counter, code, 1_000, key=key, reference="r")
    assert again.repeated and again.payment == first.payment and again.payment.status == "declined"


def test_a_reference_names_one_sale() -> None:
    aya, counter = customer_with(5_000), open_counter()
    sell(counter, shown_code(aya), 100, reference="sale-1")
    with pytest.raises(ReferenceUsed):
        sell(counter, shown_code(aya), 100, reference="sale-1")
    assert wallet(aya).balance == 4_900


def test_one_payment_has_a_limit_and_so_has_a_day() -> None:
    aya, counter = customer_with(RULES.per_day * 2), open_counter()
    assert (
        sell(counter, shown_code(aya), RULES.new_account_per_day + 1).payment.decline_reason == "over-limit"
    )
    confirmed = make_code(aya.user, actor=fresh(aya)).digits
    assert sell(counter, confirmed, RULES.new_account_per_day).payment.status == "captured"
    assert sell(counter, shown_code(aya), 1).payment.decline_reason == "over-limit"


@pytest.mark.requirement(34)
def test_a_frozen_customer_cannot_pay_and_the_cashier_is_not_told_why() -> None:
    aya, counter = customer_with(5_000), open_counter()
    code = shown_code(aya)
    with recorded(TESTS):
        Suspension.objects.create(
            user=aya.user, scope="all", reason_code="takeover", reason="x", channel="customer"
        )
    payment = sell(counter, code, 100).payment
    assert payment.decline_reason == "not-possible"
    assert "frozen" not in str(payment.get_decline_reason_display()).lower()
    assert wallet(aya).balance == 5_000


def test_a_deactivated_customer_cannot_pay() -> None:
    aya, counter = customer_with(5_000), open_counter()
    code = shown_code(aya)
    with recorded(TESTS):
        User.objects.filter(pk=aya.user.pk).update(is_active=False)
    assert sell(counter, code, 100).payment.decline_reason == "not-possible"


def test_a_closed_store_takes_nothing() -> None:
    aya, counter = customer_with(5_000), open_counter()
    Store.objects.filter(pk=counter.terminal.store_id).update(is_active=False)
    assert sell(counter, shown_code(aya), 100).payment.decline_reason == "store-closed"
    revoke_terminal(counter.terminal, actor=TESTS)
    assert sell(counter, shown_code(aya), 100).payment.decline_reason == "store-closed"
    assert wallet(aya).balance == 5_000


@pytest.mark.money(14)
@pytest.mark.requirement(16)
def test_a_terminal_that_guesses_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.actions.store_payments.WRONG_CODES_PER_HOUR", 3)
    aya, counter, other = customer_with(5_000), open_counter(), open_counter()
    for _ in range(3):
        assert sell(counter, draw(), 100).payment.decline_reason == "code-unknown"
    with pytest.raises(TerminalCutOff):
        sell(counter, draw(), 100)
    with pytest.raises(TerminalCutOff) as refusal:
        sell(counter, shown_code(aya), 100)
    assert refusal.value.retry_after
    assert sell(other, shown_code(aya), 100).payment.status == "captured"


def test_nobody_asks_for_codes_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.actions.one_time_codes.CODES_PER_TEN_MINUTES", 2)
    aya = make_customer("aya")
    shown_code(aya)
    shown_code(aya)
    with pytest.raises(TooManyTries):
        shown_code(aya)


# --- Refunds ---------------------------------------------------------------------------------------------------------
def give_back(counter: Counter, payment: Payment, amount: int, *, key: str = "") -> bool:
    return refund_payment(
        counter.terminal,
        payment_public_id=payment.public_id,
        amount_minor=amount,
        idempotency_key=key or str(uuid4()),
        actor=counter.actor,
    ).repeated


def test_refunds_in_parts_never_exceed_the_capture() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = sell(counter, shown_code(aya), 1_000).payment
    give_back(counter, payment, 400)
    with pytest.raises(RefundTooHigh) as refusal:
        give_back(counter, payment, 601)
    assert refusal.value.extra["refundable"] == 600
    give_back(counter, payment, 600)
    assert (wallet(aya).balance, payable(counter)) == (5_000, 0)


def test_a_repeated_refund_gives_back_once() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment, key = sell(counter, shown_code(aya), 1_000).payment, str(uuid4())
    assert [give_back(counter, payment, 300, key=key) for _ in range(3)] == [False, True, True]
    assert wallet(aya).balance == 4_300
    with pytest.raises(KeyReused):
        give_back(counter, payment, 301, key=key)


def test_a_declined_payment_and_one_of_another_merchant_cannot_be_refunded() -> None:
    aya, counter, other = customer_with(5_000), open_counter(), open_counter()
    declined = sell(counter, shown_code(aya), 6_000).payment
    with pytest.raises(RefundTooHigh):
        give_back(counter, declined, 1)
    payment = sell(counter, shown_code(aya), 1_000).payment
    with pytest.raises(PaymentNotFound):
        give_back(other, payment, 1)
    assert wallet(aya).balance == 4_000


@pytest.mark.money(15)
def test_any_till_of_the_merchant_refunds_also_to_a_frozen_wallet() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = sell(counter, shown_code(aya), 1_000).payment
    second = open_store(counter.terminal.store.merchant, name="新宿店", actor=TESTS)
    with recorded(TESTS):
        Suspension.objects.create(
            user=aya.user, scope="all", reason_code="other", reason="x", channel="customer"
        )
    give_back(Counter(*add_terminal(second, name="2", actor=TESTS)), payment, 1_000)
    assert wallet(aya).balance == 5_000


# --- Many at once ----------------------------------------------------------------------------------------------------
@pytest.mark.money(14)
@pytest.mark.django_db(transaction=True)
def test_one_code_at_many_terminals_pays_once() -> None:
    aya = customer_with(50_000)
    counters = [open_counter() for _ in range(8)]
    code = shown_code(aya)
    results = at_once(8, lambda n: sell(counters[n], code, 1_000).payment)
    reasons = sorted(one.decline_reason for one in results)  # type: ignore[union-attr]
    assert reasons == ["", *["code-used"] * 7]
    assert wallet(aya).balance == 49_000


@pytest.mark.django_db(transaction=True)
def test_one_key_sixteen_ways_is_one_payment() -> None:
    aya, counter = customer_with(50_000), open_counter()
    code, key = shown_code(aya), str(uuid4())
    results = at_once(16, lambda _n: sell(counter, code, 1_000, key=key, reference="r"))
    assert len({one.payment.pk for one in results}) == 1  # type: ignore[union-attr]
    assert [one.repeated for one in results].count(False) == 1  # type: ignore[union-attr]
    assert wallet(aya).balance == 49_000


@pytest.mark.django_db(transaction=True)
def test_parallel_payments_cannot_pass_the_day_s_limit_together() -> None:
    """A customer has one live code at a time, so the limit is raced below the codes, at the day's row itself."""
    account = wallet(customer_with(100_000)).pk

    def count(_number: int) -> None:
        with recorded(TESTS), posting.typed_refusals(), connection.cursor() as cursor:
            cursor.execute("SELECT ledger_count_spending(%s, 7000, 50000, 50000)", [account])

    results = at_once(10, count)
    assert results.count(None) == 7
    assert sum(isinstance(one, LimitReached) for one in results) == 3
    assert SpendingDay.objects.get(wallet_id=account).spent == 49_000


@pytest.mark.money(15)
@pytest.mark.django_db(transaction=True)
def test_parallel_refunds_never_exceed_the_capture() -> None:
    aya, counter = customer_with(5_000), open_counter()
    payment = sell(counter, shown_code(aya), 1_000).payment
    results = at_once(8, lambda _n: give_back(counter, payment, 300))
    assert results.count(False) == 3
    assert sum(isinstance(one, RefundTooHigh) for one in results) == 5
    payment.refresh_from_db()
    assert (payment.refunded, wallet(aya).balance) == (900, 4_900)


def test_a_code_is_not_alive_again_when_its_payment_is_given_back() -> None:
    aya, counter = customer_with(5_000), open_counter()
    digits = shown_code(aya)
    payment = sell(counter, digits, 500).payment
    give_back(counter, payment, 500)
    again = sell(counter, digits, 500).payment
    assert (again.status, again.decline_reason) == ("declined", "code-used")
    assert wallet(aya).balance == 5_000
