"""Writes the demo people's past: what no application may do, so it is done as the owner of the tables.

The books' own guards stay on: every journal balances, every entry follows the one before it. Only two things that the
database otherwise sets by its own clock are set back: when an account was opened and when a factor was added.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from wallet_site import env
from wallet_site.local.history import Movement

# One journal with its two entries, at a time of the past. Lives in the session only.
_POST = """
CREATE FUNCTION pg_temp.post(p_key text, p_kind text, p_reference text, p_debit bigint, p_credit bigint,
                             p_amount bigint, p_at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    journal bigint;
BEGIN
    INSERT INTO payments_journal (event_key, fingerprint, kind, reference, legs, occurred_at, actor)
    VALUES (p_key, sha256(convert_to(p_key, 'UTF8')), p_kind, p_reference, 2, p_at,
            '{"kind": "system", "name": "seed_demo"}') RETURNING id INTO journal;
    INSERT INTO payments_entry (account_id, account_seq, journal_id, leg, amount, balance_after)
    SELECT a.id, a.seq + 1, journal, leg.number, leg.amount, a.balance + leg.amount
    FROM (VALUES (p_debit, -p_amount, 1), (p_credit, p_amount, 2)) leg (account, amount, number)
    JOIN payments_account a ON a.id = leg.account;
    RETURN journal;
END $$;

CREATE FUNCTION pg_temp.top_up(p_number uuid, p_user bigint, p_card bigint, p_amount bigint, p_at timestamptz,
                               p_reference text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wallet bigint := ledger_wallet_of(p_user, 'JPY');
    journal bigint;
    made bigint;
BEGIN
    INSERT INTO payments_topup (public_id, user_id, card_id, amount, currency, request_key, request_fingerprint,
                                state, failure_reason, processor_reference, refund_reference, device, created_at,
                                check_at, checks)
    VALUES (p_number, p_user, p_card, p_amount, 'JPY', p_number::text, ''::bytea, 'created', '', p_reference, '', '',
            p_at, p_at, 0) RETURNING id INTO made;
    journal := pg_temp.post('top_up:' || p_number, 'top_up', p_number::text,
                            ledger_own_account('processor_settlement', 'JPY', wallet), wallet, p_amount, p_at);
    UPDATE payments_topup SET state = 'succeeded', journal_id = journal WHERE id = made;
END $$;

CREATE FUNCTION pg_temp.pay(p_number uuid, p_user bigint, p_terminal bigint, p_amount bigint, p_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wallet bigint := ledger_wallet_of(p_user, 'JPY');
    shop record;
    payable bigint;
    journal bigint;
BEGIN
    SELECT s.id, s.merchant_id INTO shop FROM payments_terminal t JOIN payments_store s ON s.id = t.store_id
    WHERE t.id = p_terminal;
    payable := ledger_payable_account(shop.merchant_id, 'JPY', wallet);
    journal := pg_temp.post('payment:' || p_number, 'payment', p_number::text, wallet, payable, p_amount, p_at);
    INSERT INTO payments_payment (public_id, terminal_id, store_id, reference, idempotency_key, fingerprint, amount,
                                  currency, status, decline_reason, customer_id, wallet_id, payable_id, journal_id,
                                  captured, made_at)
    VALUES (p_number, p_terminal, shop.id, p_number::text, p_number::text, ''::bytea, p_amount, 'JPY', 'captured', '',
            p_user, wallet, payable, journal, p_amount, p_at);
END $$;

CREATE FUNCTION pg_temp.refund(p_number uuid, p_payment uuid, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    paid payments_payment;
    journal bigint;
BEGIN
    UPDATE payments_payment SET refunded = captured WHERE public_id = p_payment RETURNING * INTO paid;
    journal := pg_temp.post('refund:' || p_number, 'refund', p_number::text, paid.payable_id, paid.wallet_id,
                            paid.captured, p_at);
    INSERT INTO payments_refund (public_id, payment_id, terminal_id, idempotency_key, amount, journal_id, made_at)
    VALUES (p_number, paid.id, paid.terminal_id, p_number::text, paid.captured, journal, p_at);
END $$;
"""
_STATEMENTS = {
    "top_up": "SELECT pg_temp.top_up(%s, %s, %s, %s, %s, %s)",
    "payment": "SELECT pg_temp.pay(%s, %s, %s, %s, %s)",
    "refund": "SELECT pg_temp.refund(%s, %s, %s)",
}
# Triggers that keep opening times by the database's own clock; off for a moment, in this transaction only.
_CLOCKS = {"accounts_user": "number_customer", "accounts_credentialchange": "append_only"}
_SET_BACK = (
    "UPDATE accounts_user SET created_at = %s WHERE id = %s",
    "UPDATE accounts_totpdevice SET created_at = %s WHERE user_id = %s",
    "UPDATE accounts_credentialchange SET at = %s WHERE user_id = %s",
    "UPDATE payments_account SET opened_at = %s WHERE owner_id = %s",
    "UPDATE outbox_event SET created_at = %s WHERE user_id = %s AND topic = 'accounts:account:opened'",
)
_NAMESPACE = uuid.UUID("6b616b65-6861-7368-6900-64656d6f3139")


@dataclass(frozen=True, slots=True)
class Wallet:
    """A customer to write movements for."""

    user_id: int
    card_id: int
    email: str


@contextmanager
def as_owner() -> Iterator[psycopg.Connection]:
    """One transaction of the tables' owner. Raises `psycopg.Error` when DATABASE_OWNER_URL names no such role."""
    config = env.database("DATABASE_OWNER_URL", lambda: env.required("DATABASE_URL"))
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    given: dict[str, Any] = {
        names[key]: str(value) for key, value in config.items() if key in names and value
    }
    with psycopg.connect(**given) as connection:
        yield connection


def has_history(connection: psycopg.Connection, user_id: int) -> bool:
    """Whether anything has ever moved on this customer's wallet."""
    row = connection.execute(
        "SELECT seq > 0 FROM payments_account WHERE id = ledger_wallet_of(%s, 'JPY')", [user_id]
    ).fetchone()
    return bool(row and row[0])


def set_back_openings(connection: psycopg.Connection, opened: dict[int, datetime]) -> None:
    """Say of each user id when the account was opened; what belongs to its opening is set back with it."""
    pairs = [(at, user_id) for user_id, at in opened.items()]
    for table, guard in _CLOCKS.items():
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}")
    with connection.cursor() as cursor:
        for statement in _SET_BACK:
            cursor.executemany(statement, pairs)
    for table, guard in _CLOCKS.items():
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER {guard}")


def write_movements(
    connection: psycopg.Connection, stories: Sequence[tuple[Wallet, Sequence[Movement]]]
) -> int:
    """Post everything in the order it happened. Returns how many movements there were."""
    connection.execute(_POST)
    everything = sorted(
        ((wallet, one) for wallet, story in stories for one in story), key=lambda pair: pair[1].at
    )
    with connection.cursor() as cursor, connection.pipeline():
        for wallet, one in everything:
            cursor.execute(_STATEMENTS[one.kind], _parameters(wallet, one))
    return len(everything)


def close_books(connection: psycopg.Connection, months: Sequence[date]) -> None:
    """What the clock would have done in that time: each merchant's days settled, each month's statements made.

    The books' own functions in one round trip: by the actions it takes hundreds, and seconds. A repeat does nothing.
    """
    connection.execute(_CLOSE)
    for month in months:
        connection.execute("SELECT ledger_make_statements(%s, 0, 1000)", [month])


_CLOSE = """
DO $$
DECLARE
    merchant bigint;
    day date;
BEGIN
    FOR merchant IN SELECT id FROM payments_merchant ORDER BY id LOOP
        LOOP
            day := payments_unsettled_day(merchant, 'JPY');
            EXIT WHEN day IS NULL OR day >= (now() AT TIME ZONE 'Asia/Tokyo')::date;
            PERFORM ledger_settle_merchant(merchant, day, 'JPY');
        END LOOP;
    END LOOP;
END $$
"""


def _parameters(wallet: Wallet, one: Movement) -> list[Any]:
    number = _number(wallet, one.number)
    if one.kind == "top_up":
        return [number, wallet.user_id, wallet.card_id, one.amount, one.at, f"pi_demo_{number.hex[:20]}"]
    if one.kind == "payment":
        return [number, wallet.user_id, one.terminal, one.amount, one.at]
    return [number, _number(wallet, one.refund_of), one.at]


def _number(wallet: Wallet, movement: int) -> uuid.UUID:
    """The public number of a movement: the same each time, so the database itself refuses to post it twice."""
    return uuid.uuid5(_NAMESPACE, f"{wallet.user_id}:{wallet.email}:{movement}")
