"""`verify_books` names what is wrong, also where somebody took the guards away first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command

from payments.models import Entry
from payments.tasks import prove_books
from payments.verification import BooksUnsound, Fault, Soundness, first_fault
from tests.payments.books import customer_with, move, wallet
from tests.people import make_customer

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def forging(owner: psycopg.Connection) -> Iterator[psycopg.Cursor]:
    """The owner with every trigger switched off; rolled back at the end. Everybody else waits meanwhile."""
    with owner.transaction(force_rollback=True), owner.cursor() as cursor:
        for table in (
            "payments_account",
            "payments_entry",
            "payments_journal",
            "payments_hold",
            "payments_claim",
        ):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor


def test_sound_books_are_called_sound() -> None:
    aya, ken = customer_with(1_000), make_customer("ken")
    move(wallet(aya).pk, wallet(ken).pk, 300)
    told = StringIO()
    call_command("verify_books", stdout=told)
    assert "The books are sound" in told.getvalue()


@pytest.mark.money(21)
@pytest.mark.parametrize(
    ("forgery", "row"),
    [
        ("UPDATE payments_account SET balance = balance + 1 WHERE id = {w}", "account {w}"),
        ("UPDATE payments_account SET seq = seq + 1 WHERE id = {w}", "account {w}"),
        ("UPDATE payments_account SET held = 1 WHERE id = {w}", "account {w}"),
        ("UPDATE payments_entry SET amount = 999 WHERE account_id = {w}", "entry {w}/1"),
        ("UPDATE payments_entry SET balance_after = 999 WHERE account_id = {w}", "entry {w}/1"),
        ("UPDATE payments_entry SET account_seq = 7 WHERE account_id = {w}", "entry {w}/7"),
        ("DELETE FROM payments_entry WHERE account_id = {w}", "account {w}"),
        ("DELETE FROM payments_journal WHERE id = {j}", "entry "),
        ("UPDATE payments_account SET closed_at = now() WHERE id = {w}", "account {w}"),
        (
            "INSERT INTO payments_claim (public_id, user_id, amount, currency, reason, way, state, journal_id,"
            " refused_because, payment_reference) SELECT gen_random_uuid(), owner_id, 5, 'JPY', 'late', 'desk', 'owed',"
            " {j}, '', '' FROM payments_account WHERE id = {w}",
            "claims in JPY",
        ),
        (
            "INSERT INTO payments_journal (event_key, fingerprint, kind, reference, legs, occurred_at, actor)"
            " VALUES (gen_random_uuid()::text, '', 'correction', 'x', 2, now(), '{{}}')",
            "journal ",
        ),
    ],
)
def test_a_forgery_is_named(owner_connection: psycopg.Connection, forgery: str, row: str) -> None:
    account = wallet(customer_with(1_000))
    journal = Entry.objects.get(account_id=account.pk).journal_id
    with forging(owner_connection) as cursor:
        assert first_fault(cursor) is None
        cursor.execute(forgery.format(w=account.pk, j=journal))
        fault = first_fault(cursor)
    assert fault is not None
    assert fault.row.startswith(row.format(w=account.pk))


def test_the_nightly_proof_passes_on_sound_books_and_alarms_on_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    top_up = customer_with(1_000)
    assert prove_books() >= wallet(top_up).seq
    fault = Fault("a rule", "account 7", "balance 1, sum 2")
    monkeypatch.setattr("payments.tasks.verify_books", lambda: Soundness(1, 2, 3, fault))
    with pytest.raises(BooksUnsound, match="account 7"):
        prove_books()
