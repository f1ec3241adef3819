"""A merchant's day is settled once, net of refunds and fee, and every entry belongs to exactly one settlement."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.db.models import Sum

from payments import posting, settlement_queries
from payments.actions.merchants import set_fee
from payments.actions.settlements import settle_merchants
from payments.actions.store_payments import refund_payment, take_payment
from payments.errors import BadAmount, NothingToSettle, NotOver
from payments.models import Entry, Journal, Merchant, Payment, Settlement
from payments.settlement_report import report, rows_of
from payments.verification import first_fault, verify_books
from tests.payments.books import TESTS, Counter, at_once, customer_with, open_counter, shown_code
from tests.payments.past import at_noon, days_ago, set_back
from tests.people import Person
from wallet_site.audit.models import AuditRow
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)


def sell(counter: Counter, person: Person, amount: int, *, reference: str = "") -> Payment:
    taken = take_payment(
        counter.terminal,
        code=shown_code(person),
        amount_minor=amount,
        currency="JPY",
        reference=reference or uuid4().hex,
        idempotency_key=str(uuid4()),
        actor=counter.actor,
    )
    assert taken.payment.status == "captured", taken.payment.decline_reason
    return taken.payment


def give_back(counter: Counter, payment: Payment, amount: int) -> int:
    made = refund_payment(
        counter.terminal,
        payment_public_id=payment.public_id,
        amount_minor=amount,
        idempotency_key=str(uuid4()),
        actor=counter.actor,
    )
    return made.refund.journal_id


def merchant_of(counter: Counter) -> Merchant:
    return Merchant.objects.get(pk=counter.terminal.store.merchant_id)


def settle(counter: Counter, days: int = 1) -> Settlement:
    with recorded(TESTS):
        number, repeated = posting.settle_merchant(merchant_of(counter).pk, day=days_ago(days))
    assert not repeated
    return Settlement.objects.get(pk=number)


def posted(settlement: Settlement) -> dict[str, int]:
    """What its journal moved, by kind of account."""
    rows = Entry.objects.filter(journal_id=settlement.journal_id).values("account__kind")
    return {row["account__kind"]: row["total"] for row in rows.annotate(total=Sum("amount")).order_by()}


def owed(counter: Counter) -> int:
    return settlement_queries.payable_balance(merchant_of(counter).pk)


def test_a_day_is_settled_once_net_of_refunds_and_fee(owner_connection: psycopg.Connection) -> None:
    aya, ken, counter = customer_with(50_000), customer_with(50_000, "ken"), open_counter()
    set_fee(merchant_of(counter), basis_points=180, actor=TESTS)
    first, second = sell(counter, aya, 4_001), sell(counter, ken, 2_500)
    back = give_back(counter, first, 1_000)
    set_back(owner_connection, [first.journal_id, second.journal_id, back], at_noon(days_ago(1)))
    sell(counter, aya, 777)  # today: not yet
    assert settle_merchants(TESTS) >= 1
    assert settle_merchants(TESTS) == 0, "a second run settles nothing"
    settled = Settlement.objects.get(merchant=merchant_of(counter))
    # 5,501 at 1.8 % are 99.018: rounded down, in the merchant's favour.
    assert (settled.payments, settled.payment_count, settled.refunds, settled.refund_count) == (
        6_501,
        2,
        1_000,
        1,
    )
    assert (settled.day, settled.fee_basis_points, settled.fee, settled.payout) == (
        days_ago(1),
        180,
        99,
        5_402,
    )
    assert posted(settled) == {"merchant_payable": -5_501, "fees": 99, "merchant_settlement": 5_402}
    assert owed(counter) == 777
    assert Journal.objects.get(pk=settled.journal_id).kind == "settlement"
    assert AuditRow.objects.filter(action="clock:settlement:made", subject_id=str(settled.pk)).count() == 1
    assert settlement_queries.unsettled_day(merchant_of(counter).pk) == days_ago(0)
    with pytest.raises(NotOver):
        settle(counter, 0)
    assert owed(counter) == 777
    assert verify_books().fault is None


@pytest.mark.money(15)
def test_a_refund_after_the_settlement_belongs_to_its_own_day(owner_connection: psycopg.Connection) -> None:
    """The day after had more refunds than sales: it is settled below zero, and fee goes back by the same rule."""
    aya, counter = customer_with(50_000), open_counter()
    set_fee(merchant_of(counter), basis_points=333, actor=TESTS)
    sale = sell(counter, aya, 4_900)
    set_back(owner_connection, [sale.journal_id], at_noon(days_ago(3)))
    settle(counter, 3)
    back = give_back(counter, sale, 4_000)
    set_back(owner_connection, [back], at_noon(days_ago(2)))
    late = settle(counter, 2)
    # −4,000 at 3.33 % are −133.2: down is −134.
    assert (late.payments, late.refunds, late.fee, late.payout) == (0, 4_000, -134, -3_866)
    assert owed(counter) == 0
    assert settlement_queries.unsettled_day(merchant_of(counter).pk) is None
    with pytest.raises(NothingToSettle):
        settle(counter, 1)
    with pytest.raises(NotOver):
        settle(counter, 9)
    assert Settlement.objects.filter(merchant=merchant_of(counter)).count() == 2


def test_days_that_were_missed_are_made_up_for_and_days_are_tokyo_s(
    owner_connection: psycopg.Connection,
) -> None:
    aya, counter = customer_with(50_000), open_counter()
    sales = [sell(counter, aya, amount) for amount in (100, 200, 400)]
    midnight = at_noon(days_ago(2)).replace(hour=0)
    for sale, at in zip(
        sales, (midnight - timedelta(seconds=1), midnight, at_noon(days_ago(1))), strict=True
    ):
        set_back(owner_connection, [sale.journal_id], at)
    settle_merchants(TESTS)
    found = Settlement.objects.filter(merchant=merchant_of(counter)).order_by("day")
    assert list(found.values_list("day", "payments", "payout")) == [
        (days_ago(3), 100, 100),
        (days_ago(2), 200, 200),
        (days_ago(1), 400, 400),
    ]


def test_what_nets_to_nothing_posts_no_journal(owner_connection: psycopg.Connection) -> None:
    aya, counter = customer_with(5_000), open_counter()
    sale = sell(counter, aya, 900)
    set_back(owner_connection, [sale.journal_id, give_back(counter, sale, 900)], at_noon(days_ago(1)))
    settled = settle(counter)
    assert (settled.payments, settled.refunds, settled.payout, settled.journal_id) == (900, 900, 0, None)


def test_sixteen_at_once_make_one_settlement(owner_connection: psycopg.Connection) -> None:
    aya, counter = customer_with(5_000), open_counter()
    set_back(owner_connection, [sell(counter, aya, 900).journal_id], at_noon(days_ago(1)))
    merchant, day = merchant_of(counter).pk, days_ago(1)

    def one(_number: int) -> tuple[int, bool]:
        with recorded(TESTS):
            return posting.settle_merchant(merchant, day=day)

    answers = at_once(16, one)
    assert all(isinstance(answer, tuple) for answer in answers), answers
    assert len({answer[0] for answer in answers}) == 1  # type: ignore[index]
    assert sum(not answer[1] for answer in answers) == 1  # type: ignore[index]
    assert Settlement.objects.filter(merchant_id=merchant).count() == 1
    assert Entry.objects.filter(account__merchant_id=merchant, journal__kind="settlement").count() == 1


def test_one_merchant_s_fault_keeps_no_other_waiting(
    owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    aya, broken, sound = customer_with(5_000), open_counter(), open_counter()
    for counter in (broken, sound):
        set_back(owner_connection, [sell(counter, aya, 300).journal_id], at_noon(days_ago(1)))
    settle_one = posting.settle_merchant

    def fails(merchant_id: int, **options: object) -> tuple[int, bool]:
        if merchant_id == merchant_of(broken).pk:
            raise DatabaseError("connection lost")
        return settle_one(merchant_id, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(posting, "settle_merchant", fails)
    settle_merchants(TESTS)
    assert Settlement.objects.filter(merchant=merchant_of(sound)).exists()
    assert not Settlement.objects.filter(merchant=merchant_of(broken)).exists()
    monkeypatch.undo()
    settle_merchants(TESTS)
    assert Settlement.objects.filter(merchant=merchant_of(broken)).exists()


def test_the_report_says_what_was_settled_and_runs_in_nobody_s_spreadsheet(
    owner_connection: psycopg.Connection,
) -> None:
    aya, counter = customer_with(50_000), open_counter()
    set_fee(merchant_of(counter), basis_points=150, actor=TESTS)
    sale = sell(counter, aya, 3_000, reference='=cmd|"/c calc"!A1')
    back = give_back(counter, sale, 500)
    set_back(owner_connection, [sale.journal_id, back], at_noon(days_ago(1)))
    settled = settle(counter)
    content = report(settled).content
    assert content.startswith(b"\xef\xbb\xbfkind,")
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(line["kind"], int(line["amount"])) for line in lines] == [
        ("payment", 3_000),
        ("refund", -500),
        ("fee", -37),
        ("payout", 2_463),
    ]
    assert lines[0]["reference"] == '\'=cmd|"/c calc"!A1'
    assert lines[0]["payment_id"] == lines[1]["payment_id"] == str(sale.public_id)
    assert sum(int(row[7] or 0) for row in list(rows_of(settled))[:-1]) == settled.payout


@pytest.mark.parametrize("basis_points", [-1, 10_001])
def test_a_fee_outside_its_range_is_refused(basis_points: int) -> None:
    counter = open_counter()
    with pytest.raises(BadAmount):
        set_fee(merchant_of(counter), basis_points=basis_points, actor=TESTS)
    assert merchant_of(counter).fee_basis_points == 0


FORGED = {
    "another fee": "UPDATE payments_settlement SET fee = fee + 1, payout = payout - 1 WHERE id = {s}",
    "another payout": "UPDATE payments_settlement SET payout = payout + 1 WHERE id = {s}",
    "an overlap": "INSERT INTO payments_settledrange (settlement_id, account_id, first_seq, last_seq)"
    " SELECT settlement_id, account_id, last_seq, last_seq FROM payments_settledrange WHERE settlement_id = {s}",
    "what is not there yet": "INSERT INTO payments_settledrange (settlement_id, account_id, first_seq, last_seq)"
    " SELECT settlement_id, account_id, last_seq + 1, last_seq + 99 FROM payments_settledrange"
    " WHERE settlement_id = {s}",
    "a day twice": "INSERT INTO payments_settlement (public_id, merchant_id, day, currency, payments, payment_count,"
    " refunds, refund_count, corrections, fee_basis_points, fee, payout) SELECT gen_random_uuid(), merchant_id, day,"
    " currency, 0, 0, 0, 0, 0, 0, 0, 0 FROM payments_settlement WHERE id = {s}",
}


@pytest.mark.parametrize("forgery", FORGED)
def test_the_database_keeps_settlements_as_they_are(
    owner_connection: psycopg.Connection, forgery: str
) -> None:
    """Even for the owner, the append-only trigger aside; the application may not write there at all."""
    aya, counter = customer_with(5_000), open_counter()
    sales = [sell(counter, aya, amount).journal_id for amount in (900, 100)]
    set_back(owner_connection, sales, at_noon(days_ago(1)))
    settled = settle(counter)
    statement = FORGED[forgery].format(s=settled.pk)
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)
    if statement.startswith("UPDATE"):
        with pytest.raises(psycopg.Error, match="append-only"):
            owner_connection.execute(statement)
    with owner_connection.transaction(force_rollback=True):
        owner_connection.execute("ALTER TABLE payments_settlement DISABLE TRIGGER append_only")
        with pytest.raises(psycopg.Error) as refused, owner_connection.transaction():
            owner_connection.execute(statement)
    assert refused.value.sqlstate in ("23514", "23505", "KK119")
    assert verify_books().fault is None


def test_verify_books_names_a_settlement_that_is_not_its_entries(
    owner_connection: psycopg.Connection,
) -> None:
    aya, counter = customer_with(5_000), open_counter()
    set_back(owner_connection, [sell(counter, aya, 900).journal_id], at_noon(days_ago(1)))
    settled = settle(counter)
    with owner_connection.transaction(force_rollback=True), owner_connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_settlement DISABLE TRIGGER append_only")
        cursor.execute(
            "UPDATE payments_settlement SET payments = payments + 5, payout = payout + 5 WHERE id = %s",
            [settled.pk],
        )
        fault = first_fault(cursor)
    assert fault is not None and fault.row == f"settlement {settled.pk}"
