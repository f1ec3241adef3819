"""Many at once: what one balance, one key, one code or one limit allows is never passed."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Suspension
from payments import posting
from payments.errors import HoldNotOpen, InsufficientFunds, WalletFrozen
from payments.models import Account, Entry, JournalKind
from payments.verification import verify_books
from tests.payments.books import TESTS, at_once, customer_with, fresh_key, move, wallet
from tests.people import make_customer
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 16


@pytest.mark.money(3)
def test_one_balance_is_never_overspent() -> None:
    """32 payments race for funds that serve 10."""
    source, target = wallet(customer_with(1_000)).pk, wallet(make_customer("ken")).pk
    results = at_once(MANY, lambda _n: [_try(source, target, 100) for _ in range(2)])
    outcomes = [one for result in results for one in result]  # type: ignore[union-attr]
    assert outcomes.count(True) == 10
    assert outcomes.count(False) == 22
    assert Account.objects.get(pk=source).balance == 0


def _try(source: int, target: int, amount: int) -> bool:
    try:
        move(source, target, amount)
    except InsufficientFunds:
        return False
    return True


@pytest.mark.money(4)
def test_one_key_makes_one_journal() -> None:
    source, target = wallet(customer_with(1_000)).pk, wallet(make_customer("ken")).pk
    key = fresh_key()
    results = at_once(MANY, lambda _n: move(source, target, 100, key=key))
    assert len({one.journal_id for one in results}) == 1  # type: ignore[union-attr]
    assert [one.repeated for one in results].count(False) == 1  # type: ignore[union-attr]
    assert Account.objects.get(pk=source).balance == 900


def test_opposite_transfers_do_not_deadlock() -> None:
    wallets = [
        wallet(customer_with(10_000, name)).pk for name in ("aya", "ken", "mio", "rin2", "sota2", "emi")
    ]

    def work(number: int) -> int:
        chance = random.Random(number)
        for _ in range(15):
            source, target = chance.sample(wallets, 2)
            move(source, target, chance.randint(1, 50))
        legs = dict(zip(chance.sample(wallets, 3), (-20, 15, 5), strict=True))
        with recorded(TESTS):
            posting.post_legs(event_key=fresh_key(), kind=JournalKind.SEND, legs=legs, reference="x")
        return number

    assert at_once(MANY, work) == list(range(MANY))
    assert sum(Account.objects.filter(pk__in=wallets).values_list("balance", flat=True)) == 60_000


@pytest.mark.money(17)
@pytest.mark.requirement(34)
def test_after_a_freeze_has_answered_nothing_leaves() -> None:
    aya = customer_with(100_000)
    source, target = wallet(aya).pk, wallet(make_customer("ken")).pk

    def work(number: int) -> int | None:
        if number == 0:
            with recorded(TESTS):
                Suspension.objects.create(
                    user=aya.user, scope="all", reason_code="other", reason="x", channel="customer"
                )
            return Account.objects.get(pk=source).balance
        for _ in range(20):
            try:
                move(source, target, 1, kind=JournalKind.PAYMENT)
            except WalletFrozen:
                return None
        return None

    seen_by_the_freezer = at_once(8, work)[0]
    assert Account.objects.get(pk=source).balance == seen_by_the_freezer


def test_two_freezes_at_once_both_count() -> None:
    """Each writes the union; neither may overwrite the other with what it saw alone."""
    for _ in range(5):
        aya = customer_with(10)
        scopes = ["spending", "sending"]

        def suspend(number: int, user: object = aya.user, scopes: list[str] = scopes) -> None:
            with recorded(TESTS):
                Suspension.objects.create(
                    user=user, scope=scopes[number], reason_code="other", reason="x", channel="customer"
                )

        assert at_once(2, suspend) == [None, None]
        frozen = wallet(aya)
        assert frozen.spend_frozen_until is not None and frozen.send_frozen_until is not None


def test_capture_and_release_race_for_one_hold() -> None:
    source, target = wallet(customer_with(1_000)).pk, wallet(make_customer("ken")).pk
    with recorded(TESTS):
        hold, _repeat = posting.place_hold(
            event_key=fresh_key("hold"),
            kind=JournalKind.PAYMENT,
            account_id=source,
            amount_minor=600,
            reference="x",
            expires_at=timezone.now() + timedelta(minutes=5),
        )

    def work(number: int) -> str:
        with recorded(TESTS):
            if number % 2:
                return "released" if posting.release_hold(hold) else "late"
            try:
                posting.capture_hold(
                    hold,
                    event_key=fresh_key("capture"),
                    kind=JournalKind.PAYMENT,
                    credit_account_id=target,
                    amount_minor=600,
                )
            except HoldNotOpen:
                return "late"
            return "captured"

    results = at_once(8, work)
    winners = [one for one in results if one != "late" and not isinstance(one, Exception)]
    assert len(winners) == 1
    account = Account.objects.get(pk=source)
    assert (account.balance, account.held) == ((400, 0) if winners == ["captured"] else (1_000, 0))


@pytest.mark.money(2)
def test_what_four_connections_do_at_random_has_a_serial_order() -> None:
    """Sends, holds, captures and releases on three wallets: the journals, put in one order, end where the books are.

    Each account numbers its entries; an order that keeps every account's numbers exists, and replayed in it no wallet
    ever lacks what it gives.
    """
    wallets = [wallet(customer_with(1_000)).pk for _ in range(3)]
    suspense = posting.own_account("suspense", other_side=wallets[0])
    first = dict(Account.objects.filter(pk__in=wallets).values_list("pk", "seq"))

    def work(number: int) -> int:
        chance, held = random.Random(number), []
        for _ in range(30):
            source, target = chance.sample(wallets, 2)
            try:
                held = _move_at_random(chance, source, target, suspense, held)
            except (InsufficientFunds, HoldNotOpen):
                continue
        for hold in held:
            with recorded(TESTS):
                posting.release_hold(hold)
        return number

    assert sorted(at_once(4, work)) == [0, 1, 2, 3]  # type: ignore[type-var]
    entries = Entry.objects.filter(account_id__in=wallets).order_by("account_id", "account_seq")
    lines: dict[int, list[Entry]] = {
        one: [entry for entry in entries if entry.account_id == one and entry.account_seq > first[one]]
        for one in wallets
    }
    balances = dict.fromkeys(wallets, 1_000)
    while any(lines.values()):
        # A journal is next when it stands first on every one of these accounts that it touches.
        heads = [line[0].journal_id for line in lines.values() if line]
        rest = [entry.journal_id for line in lines.values() for entry in line[1:]]
        following = next((one for one in heads if one not in rest), None)
        assert following is not None, "two journals stand each before the other"
        for account, line in lines.items():
            if line and line[0].journal_id == following:
                balances[account] += line.pop(0).amount
                assert balances[account] >= 0
    now = {one.pk: (one.balance, one.held) for one in Account.objects.filter(pk__in=wallets)}
    assert now == {account: (balance, 0) for account, balance in balances.items()}


def _move_at_random(
    chance: random.Random, source: int, target: int, other: int, held: list[int]
) -> list[int]:
    """One movement; returns the holds that are open after it."""
    what, amount = chance.choice(["send", "hold", "capture", "release"]), chance.randint(1, 400)
    if what == "send" or (what != "hold" and not held):
        move(source, target, amount)
        return held
    with recorded(TESTS):
        if what == "hold":
            hold, _known = posting.place_hold(
                event_key=fresh_key("hold"), kind=JournalKind.PAYMENT, account_id=source, amount_minor=amount,
                reference="tests", expires_at=timezone.now() + timedelta(hours=1),
            )  # fmt: skip
            return [*held, hold]
        if what == "capture":
            posting.capture_hold(
                held[-1],
                event_key=fresh_key(),
                kind=JournalKind.PAYMENT,
                credit_account_id=other,
                amount_minor=1,
            )
        else:
            posting.release_hold(held[-1])
    return held[:-1]


def test_the_books_are_sound_after_all_of_it() -> None:
    found = verify_books()
    assert found.fault is None
