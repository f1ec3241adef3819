"""The database refuses to falsify the books, whoever asks and by whatever tool."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.payments.books import customer_with, wallet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(owner_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """The owner of the tables, who may do anything that the guards allow; rolled back."""
    owner_connection.autocommit = False
    yield owner_connection
    owner_connection.rollback()


def refused(connection: psycopg.Connection, sql: str, *parameters: object) -> str | None:
    """The SQLSTATE of the refusal; the statement and its commit must not go through."""
    try:
        with connection.transaction():
            connection.execute(sql, parameters)
    except psycopg.Error as error:
        return error.sqlstate
    pytest.fail(f"the database let it through: {sql}")


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        ("UPDATE payments_entry SET amount = amount + 1", "KK100"),
        ("DELETE FROM payments_entry", "KK100"),
        ("TRUNCATE payments_entry", "KK100"),
        ("UPDATE payments_journal SET reference = 'x'", "KK100"),
        ("DELETE FROM payments_journal", "KK100"),
        ("TRUNCATE payments_journal CASCADE", "KK100"),
        ("DELETE FROM payments_account", "KK100"),
        ("TRUNCATE payments_account CASCADE", "KK100"),
        ("DELETE FROM payments_hold", "KK100"),
        ("UPDATE payments_account SET balance = balance + 1, seq = seq + 1 WHERE id = %(w)s", "KK105"),
        ("UPDATE payments_account SET balance = balance + 1 WHERE id = %(w)s", "KK105"),
        ("UPDATE payments_account SET seq = seq + 1 WHERE id = %(w)s", "KK105"),
        ("UPDATE payments_account SET held = 1 WHERE id = %(w)s", "KK107"),
        ("UPDATE payments_account SET floor = NULL WHERE id = %(w)s", "KK106"),
        ("UPDATE payments_account SET owner_id = NULL WHERE id = %(w)s", "KK106"),
        ("UPDATE payments_account SET currency = 'USD' WHERE id = %(w)s", "KK106"),
        ("INSERT INTO payments_account (kind, currency, balance) VALUES ('fees', 'USD', 5)", "KK104"),
    ],
)
def test_owner_cannot_falsify(owner: psycopg.Connection, sql: str, state: str) -> None:
    account = wallet(customer_with(1_000))
    assert refused(owner, sql.replace("%(w)s", str(account.pk))) == state


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO payments_journal (event_key) VALUES ('x')",
        "INSERT INTO payments_entry (account_id) VALUES (1)",
        "UPDATE payments_account SET balance = 1",
        "UPDATE payments_account SET spend_frozen_until = NULL",
        "UPDATE payments_payment SET refunded = 0",
        "UPDATE payments_hold SET state = 'released'",
        "DELETE FROM payments_spendingday",
        "TRUNCATE payments_entry",
        "ALTER TABLE payments_entry DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    ],
)
def test_application_may_only_call(application_connection: psycopg.Connection, sql: str) -> None:
    assert refused(application_connection, sql) == "42501"


def new_journal(connection: psycopg.Connection, legs: int = 2) -> int:
    row = connection.execute(
        "INSERT INTO payments_journal (event_key, fingerprint, kind, reference, legs, occurred_at, actor)"
        " VALUES (gen_random_uuid()::text, '', 'correction', 'x', %s, now(), '{}') RETURNING id",
        [legs],
    ).fetchone()
    assert row is not None
    return int(row[0])


ENTRY = "INSERT INTO payments_entry (account_id, account_seq, journal_id, leg, amount, balance_after) VALUES "


def test_unbalanced_journal_is_refused(owner: psycopg.Connection) -> None:
    a, b = wallet(customer_with(1_000)), wallet(customer_with(0, "ken"))
    journal = new_journal(owner)
    rows = f"({a.pk}, 2, {journal}, 1, -5, 995), ({b.pk}, 1, {journal}, 2, 6, 6)"
    assert refused(owner, ENTRY + rows) == "KK102"


def test_one_sided_journal_is_refused(owner: psycopg.Connection) -> None:
    a = wallet(customer_with(1_000))
    journal = new_journal(owner)
    assert refused(owner, ENTRY + f"({a.pk}, 2, {journal}, 1, -5, 995)") == "KK101"


def test_balanced_entries_cannot_join_a_closed_journal(owner: psycopg.Connection) -> None:
    """Also where they balance among themselves: a journal that is written stays as it is."""
    a, b = wallet(customer_with(1_000)), wallet(customer_with(0, "ken"))
    row = owner.execute("SELECT journal_id FROM payments_entry WHERE account_id = %s", [a.pk]).fetchone()
    assert row is not None
    rows = f"({a.pk}, 2, {row[0]}, 3, -5, 995), ({b.pk}, 1, {row[0]}, 4, 5, 5)"
    assert refused(owner, ENTRY + rows) == "KK101"


def test_entries_without_a_journal_are_refused(owner: psycopg.Connection) -> None:
    a, b = wallet(customer_with(1_000)), wallet(customer_with(0, "ken"))
    assert refused(owner, ENTRY + f"({a.pk}, 2, -1, 1, -5, 995), ({b.pk}, 1, -1, 2, 5, 5)") == "KK101"


@pytest.mark.parametrize(("seq", "balance_after"), [(3, 995), (2, 996), (2, 1_005)])
def test_entry_that_does_not_follow_is_refused(
    owner: psycopg.Connection, seq: int, balance_after: int
) -> None:
    a, b = wallet(customer_with(1_000)), wallet(customer_with(0, "ken"))
    journal = new_journal(owner)
    rows = f"({a.pk}, {seq}, {journal}, 1, -5, {balance_after}), ({b.pk}, 1, {journal}, 2, 5, 5)"
    assert refused(owner, ENTRY + rows) == "KK103"


def test_wallet_never_falls_below_zero_by_sql_either(owner: psycopg.Connection) -> None:
    a, b = wallet(customer_with(1_000)), wallet(customer_with(0, "ken"))
    journal = new_journal(owner)
    rows = f"({a.pk}, 2, {journal}, 1, -1001, -1), ({b.pk}, 1, {journal}, 2, 1001, 1001)"
    assert refused(owner, ENTRY + rows) == psycopg.errors.CheckViolation.sqlstate


def test_honest_entries_move_the_balances_by_themselves(owner: psycopg.Connection) -> None:
    a, b = wallet(customer_with(1_000)), wallet(customer_with(0, "ken"))
    journal = new_journal(owner)
    owner.execute(ENTRY + f"({a.pk}, 2, {journal}, 1, -5, 995), ({b.pk}, 1, {journal}, 2, 5, 5)")
    found = owner.execute(
        "SELECT id, balance, seq FROM payments_account WHERE id IN (%s, %s) ORDER BY id", [a.pk, b.pk]
    ).fetchall()
    assert found == [(a.pk, 995, 2), (b.pk, 5, 1)]


def test_a_hold_is_closed_once_and_never_altered(owner: psycopg.Connection) -> None:
    a = wallet(customer_with(1_000))
    hold = owner.execute(
        "INSERT INTO payments_hold (account_id, event_key, reference, amount, expires_at)"
        " VALUES (%s, gen_random_uuid()::text, 'x', 400, now() + interval '1 day') RETURNING id",
        [a.pk],
    ).fetchone()
    assert hold is not None
    assert owner.execute("SELECT held FROM payments_account WHERE id = %s", [a.pk]).fetchone() == (400,)
    assert refused(owner, f"UPDATE payments_hold SET amount = 1 WHERE id = {hold[0]}") == "KK108"
    closing = f"UPDATE payments_hold SET state = 'released', closed_at = now() WHERE id = {hold[0]}"
    owner.execute(closing)
    assert owner.execute("SELECT held FROM payments_account WHERE id = %s", [a.pk]).fetchone() == (0,)
    assert refused(owner, closing) == "KK108"


@pytest.mark.money(21)
def test_with_one_guard_taken_away_the_other_still_holds(owner: psycopg.Connection) -> None:
    """Entries that move nothing by themselves: a balance may then still only become what its entry says."""
    a, b = wallet(customer_with(1_000)), wallet(customer_with(0, "ken"))
    owner.execute("ALTER TABLE payments_entry DISABLE TRIGGER moves_balances")
    journal = new_journal(owner)
    owner.execute(ENTRY + f"({a.pk}, 2, {journal}, 1, -5, 995), ({b.pk}, 1, {journal}, 2, 5, 5)")
    for balance in (996, 1_000, 5_000):
        sql = f"UPDATE payments_account SET balance = {balance}, seq = 2 WHERE id = {a.pk}"
        assert refused(owner, sql) == "KK105"
    owner.execute(f"UPDATE payments_account SET balance = 995, seq = 2 WHERE id = {a.pk}")
