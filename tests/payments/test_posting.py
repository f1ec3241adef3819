"""Posting: what moves, what is refused, and that a repeat is one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import Suspension
from payments import posting
from payments.errors import (
    BadAmount,
    CurrencyMismatch,
    EventKeyConflict,
    HoldNotOpen,
    InsufficientFunds,
    UnknownAccount,
    WalletFrozen,
)
from payments.models import Account, Entry, Hold, Journal, JournalKind
from tests.payments.books import TESTS, customer_with, fresh_key, move, wallet
from tests.people import Person, make_customer, make_staff
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db


def freeze(person: Person, scope: str = "all", **more: object) -> Suspension:
    with recorded(TESTS):
        return Suspension.objects.create(
            user=person.user, scope=scope, reason_code="other", reason="tests", channel="customer", **more
        )


def test_customers_get_a_wallet_and_staff_do_not() -> None:
    account = wallet(make_customer("aya"))
    assert (account.balance, account.held, account.floor, account.seq) == (0, 0, 0, 0)
    with pytest.raises(UnknownAccount):
        wallet(make_staff("rin"))


def test_a_posting_moves_both_balances_and_says_who_acted() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    posted = move(wallet(aya).pk, wallet(ken).pk, 300)
    assert (wallet(aya).balance, wallet(ken).balance) == (700, 300)
    journal = Journal.objects.get(pk=posted.journal_id)
    assert journal.actor["name"] == "tests"
    assert sorted(journal.entries.values_list("amount", flat=True)) == [-300, 300]


@pytest.mark.money(20)
@pytest.mark.parametrize("amount", [0, -1, -(2**63)])
def test_amounts_below_one_are_refused(amount: int) -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    with pytest.raises(BadAmount):
        move(wallet(aya).pk, wallet(ken).pk, amount)
    assert wallet(aya).balance == 1_000


@pytest.mark.money(20)
def test_an_amount_beyond_bigint_is_refused() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    with pytest.raises(BadAmount):
        move(wallet(aya).pk, wallet(ken).pk, 2**63)
    assert wallet(aya).balance == 1_000


def test_a_wallet_never_falls_below_zero() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    with pytest.raises(InsufficientFunds):
        move(wallet(aya).pk, wallet(ken).pk, 1_001)
    move(wallet(aya).pk, wallet(ken).pk, 1_000)
    assert wallet(aya).balance == 0


def test_unknown_and_same_accounts_are_refused() -> None:
    aya = customer_with(1_000)
    for other in (-1, wallet(aya).pk):
        with pytest.raises(UnknownAccount):
            move(wallet(aya).pk, other, 10)


@pytest.mark.money(20)
def test_currencies_do_not_mix(owner_connection: object) -> None:
    aya = customer_with(1_000)
    row = owner_connection.execute(  # type: ignore[attr-defined]
        "INSERT INTO payments_account (kind, currency, stripe) VALUES ('suspense', 'USD', 0)"
        " ON CONFLICT (kind, currency, stripe, owner_id, merchant_id) DO UPDATE SET stripe = 0 RETURNING id"
    ).fetchone()
    with pytest.raises(CurrencyMismatch):
        move(wallet(aya).pk, row[0], 10)


def test_a_repeat_answers_the_first_result() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    key = fresh_key()
    first = move(wallet(aya).pk, wallet(ken).pk, 300, key=key)
    again = move(wallet(aya).pk, wallet(ken).pk, 300, key=key)
    assert (first.repeated, again.repeated) == (False, True)
    assert first.journal_id == again.journal_id
    assert wallet(aya).balance == 700


def test_a_key_cannot_name_another_posting() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    key = fresh_key()
    move(wallet(aya).pk, wallet(ken).pk, 300, key=key)
    for debit, credit, amount in (
        (wallet(aya).pk, wallet(ken).pk, 301),
        (wallet(ken).pk, wallet(aya).pk, 300),
    ):
        with pytest.raises(EventKeyConflict):
            move(debit, credit, amount, key=key)
    assert wallet(aya).balance == 700


@pytest.mark.requirement(34)
@pytest.mark.parametrize(
    ("scope", "kind", "stopped"),
    [
        ("all", JournalKind.PAYMENT, True),
        ("all", JournalKind.SEND, True),
        ("spending", JournalKind.PAYMENT, True),
        ("spending", JournalKind.SEND, False),
        ("sending", JournalKind.SEND, True),
        ("sending", JournalKind.PAYMENT, False),
        ("top_up", JournalKind.PAYMENT, False),
        ("sign_in", JournalKind.PAYMENT, False),
        ("all", JournalKind.TOP_UP_REVERSAL, False),
    ],
)
def test_a_frozen_wallet_refuses_debits(scope: str, kind: JournalKind, stopped: bool) -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    freeze(aya, scope)
    if stopped:
        with pytest.raises(WalletFrozen):
            move(wallet(aya).pk, wallet(ken).pk, 10, kind=kind)
        assert wallet(aya).balance == 1_000
    else:
        move(wallet(aya).pk, wallet(ken).pk, 10, kind=kind)
        assert wallet(aya).balance == 990


def test_a_frozen_wallet_still_receives() -> None:
    aya, ken = customer_with(0), customer_with(1_000, "ken")
    freeze(aya)
    move(wallet(ken).pk, wallet(aya).pk, 10)
    assert wallet(aya).balance == 10


def test_a_lifted_or_ended_freeze_holds_no_longer() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    freeze(aya, starts_at=timezone.now() - timedelta(hours=2), ends_at=timezone.now() - timedelta(hours=1))
    move(wallet(aya).pk, wallet(ken).pk, 10)
    suspension = freeze(aya)
    with recorded(TESTS):
        Suspension.objects.filter(pk=suspension.pk).update(lifted_at=timezone.now(), lift_reason="tests")
    move(wallet(aya).pk, wallet(ken).pk, 10)
    assert wallet(aya).balance == 980


def test_of_two_freezes_one_remains_when_the_other_is_lifted() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    first = freeze(aya)
    freeze(aya, "sending")
    with recorded(TESTS):
        Suspension.objects.filter(pk=first.pk).update(lifted_at=timezone.now(), lift_reason="tests")
    with pytest.raises(WalletFrozen):
        move(wallet(aya).pk, wallet(ken).pk, 10, kind=JournalKind.SEND)


def test_many_legs_move_together() -> None:
    aya, ken = customer_with(1_000), customer_with(500, "ken")
    fees = posting.own_account("fees", other_side=1)
    before = Account.objects.get(pk=fees).balance
    legs = {wallet(aya).pk: -700, wallet(ken).pk: 650, fees: 50}
    key = fresh_key()
    with recorded(TESTS):
        first = posting.post_legs(event_key=key, kind=JournalKind.SEND, legs=legs, reference="x")
    with recorded(TESTS):
        again = posting.post_legs(event_key=key, kind=JournalKind.SEND, legs=legs, reference="x")
    assert (again.journal_id, again.repeated) == (first.journal_id, True)
    assert (wallet(aya).balance, wallet(ken).balance) == (300, 1_150)
    assert Account.objects.get(pk=fees).balance == before + 50
    assert Entry.objects.filter(journal_id=first.journal_id).count() == 3


def test_legs_that_do_not_balance_are_a_bug_and_refused() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    with pytest.raises(DatabaseError, match="sum to zero"), recorded(TESTS):
        posting.post_legs(
            event_key=fresh_key(),
            kind=JournalKind.SEND,
            legs={wallet(aya).pk: -700, wallet(ken).pk: 701},
            reference="x",
        )
    assert wallet(aya).balance == 1_000


@pytest.mark.requirement(34)
def test_many_legs_respect_floor_and_freeze() -> None:
    aya, ken, mio = customer_with(100), customer_with(0, "ken"), customer_with(500, "mio")
    legs = {wallet(aya).pk: -101, wallet(mio).pk: -10, wallet(ken).pk: 111}
    with pytest.raises(InsufficientFunds), recorded(TESTS):
        posting.post_legs(event_key=fresh_key(), kind=JournalKind.SEND, legs=legs, reference="x")
    freeze(mio)
    with pytest.raises(WalletFrozen), recorded(TESTS):
        posting.post_legs(event_key=fresh_key(), kind=JournalKind.SEND, legs=legs, reference="x")
    assert [wallet(one).balance for one in (aya, ken, mio)] == [100, 0, 500]


# --- Holds -----------------------------------------------------------------------------------------------------------
def hold(person: Person, amount: int, *, key: str = "", minutes: int = 10) -> int:
    with recorded(TESTS):
        hold_id, _repeat = posting.place_hold(
            event_key=key or fresh_key("hold"),
            kind=JournalKind.PAYMENT,
            account_id=wallet(person).pk,
            amount_minor=amount,
            reference="tests",
            expires_at=timezone.now() + timedelta(minutes=minutes),
        )
    return hold_id


def capture(hold_id: int, credit: Person, amount: int) -> posting.Posted:
    with recorded(TESTS):
        return posting.capture_hold(
            hold_id,
            event_key=fresh_key("capture"),
            kind=JournalKind.PAYMENT,
            credit_account_id=wallet(credit).pk,
            amount_minor=amount,
        )


def test_held_money_cannot_be_spent() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    hold(aya, 400)
    with pytest.raises(InsufficientFunds):
        move(wallet(aya).pk, wallet(ken).pk, 601)
    with pytest.raises(InsufficientFunds):
        hold(aya, 601)
    move(wallet(aya).pk, wallet(ken).pk, 600)
    assert (wallet(aya).balance, wallet(aya).held) == (400, 400)


def test_a_capture_takes_a_part_and_lets_the_rest_go() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    held = hold(aya, 400)
    posted = capture(held, ken, 250)
    assert (wallet(aya).balance, wallet(aya).held, wallet(ken).balance) == (750, 0, 250)
    assert Hold.objects.get(pk=held).journal_id == posted.journal_id


def test_a_capture_happens_once_and_never_above_the_hold() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    held = hold(aya, 400)
    with pytest.raises(BadAmount):
        capture(held, ken, 401)
    capture(held, ken, 400)
    with pytest.raises(HoldNotOpen):
        capture(held, ken, 1)
    assert (wallet(aya).balance, wallet(ken).balance) == (600, 400)


def test_released_and_expired_holds_cannot_be_captured() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    released, late = hold(aya, 400), hold(aya, 300, minutes=-1)
    with recorded(TESTS):
        assert posting.release_hold(released)
    with recorded(TESTS):
        assert not posting.release_hold(released)
    for held in (released, late):
        with pytest.raises(HoldNotOpen):
            capture(held, ken, 1)
    with recorded(TESTS):
        assert posting.expire_hold(late)
    assert (wallet(aya).balance, wallet(aya).held) == (1_000, 0)


def test_only_a_hold_past_its_time_expires() -> None:
    held = hold(customer_with(1_000), 400)
    with recorded(TESTS):
        assert not posting.expire_hold(held)


def test_the_same_hold_twice_is_one() -> None:
    aya, key = customer_with(1_000), fresh_key("hold")
    assert hold(aya, 400, key=key) == hold(aya, 400, key=key)
    with pytest.raises(EventKeyConflict):
        hold(aya, 401, key=key)
    assert wallet(aya).held == 400


@pytest.mark.requirement(34)
def test_a_hold_on_a_frozen_wallet_is_neither_placed_nor_captured() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    held = hold(aya, 400)
    freeze(aya)
    with pytest.raises(WalletFrozen):
        hold(aya, 10)
    with pytest.raises(WalletFrozen):
        capture(held, ken, 10)
    assert (wallet(aya).balance, wallet(aya).held) == (1_000, 400)
