"""A posting: one movement of money between two wallets, with every guarantee."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Iterator

import psycopg

from payments import posting
from payments.models import JournalKind
from tests.bench import hordak_peer
from tests.bench.accounts import Wallets, bare_books, wallets
from tests.bench.bench import Bench, Missing
from tests.bench.crew import Work
from tests.bench.rows import Row
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

CLIENTS = 8
IN_FLIGHT = 32
AMOUNT = 7

PAIR = """
\\set debit :first + random(0, :count - 1)
\\set credit :first + (:debit - :first + random(1, :count - 1)) % :count
"""
# The same rows, and nothing of what makes them books: no key to be claimed, no check, no trigger, no order of locks.
BARE_STATEMENT = """
WITH moved AS (
    UPDATE bare.account SET balance = balance + CASE id WHEN {debit} THEN -7 ELSE 7 END, seq = seq + 1
    WHERE id IN ({debit}, {credit}) RETURNING id, balance, seq
), told AS (
    INSERT INTO bare.journal (event_key, fingerprint, kind, reference, legs, occurred_at, actor)
    VALUES (gen_random_uuid()::text, '\\x00', 'send', 'bench', 2, now(), '{{"kind": "customer"}}') RETURNING id
)
INSERT INTO bare.entry (account_id, account_seq, journal_id, leg, amount, balance_after)
SELECT m.id, m.seq, t.id, row_number() OVER (), 7, m.balance FROM moved m, told t
"""
BARE = PAIR + BARE_STATEMENT.format(debit=":debit", credit=":credit")
FUNCTION = PAIR + "SELECT ledger_post(gen_random_uuid()::text, 'send', 'bench', :debit, :credit, 7)"
ACTOR = Actor(kind="customer", user_id=1, network="203.0.113.7", device="Bench", request_id="bench")


def measure(bench: Bench) -> Iterator[Row]:
    """A posting beside one bare statement that writes the same rows (through pgbench), 8 clients and 32."""
    found = wallets(bench)
    bare_books(bench, found)
    given = {"first": found.first, "count": found.count}
    ways = {
        "limit": bench.pgbench(BARE, clients=CLIENTS, **given),
        "function": bench.pgbench(FUNCTION, clients=CLIENTS, **given),
        "psycopg": bench.crew("posting:bare_psycopg", processes=CLIENTS, **given).run,
        "django": bench.crew("posting:from_django", processes=CLIENTS, **given).run,
        "django 32": bench.crew("posting:from_django", processes=2, threads=IN_FLIGHT // 2, **given).run,
    }
    try:
        ways["hordak"] = hordak_peer.crew(bench, CLIENTS).run
    except Missing as missing:
        print(f"  left out: {missing}", flush=True)
    rates = bench.interleaved(ways)
    limit = rates["limit"]
    yield Row("bare_statement", limit, "postings/s", note="the limit, through pgbench")
    yield Row("bare_psycopg", rates["psycopg"], "postings/s", rates["psycopg"] / limit, note="from Python")
    yield Row(
        "posting_function", rates["function"], "postings/s", rates["function"] / limit, note="through pgbench"
    )
    yield Row(
        "posting", rates["django"], "postings/s", rates["django"] / limit, goal=0.55, note="from Django"
    )
    many = rates["django 32"]
    yield Row(
        "posting_32_in_flight",
        many,
        "postings/s",
        many / limit,
        goal=0.70,
        note="2 processes, 16 threads each",
    )
    if peer := rates.get("hordak"):
        ratio = rates["django"] / peer
        yield Row(
            "posting_vs_hordak",
            rates["django"],
            "postings/s",
            ratio_to_peer=ratio,
            goal=6,
            note=f"{peer:,.0f}/s",
        )


def pairs(number: int, found: Wallets) -> Iterator[tuple[int, int]]:
    """Two different wallets, again and again."""
    chance = random.Random(number)
    while True:
        debit, step = chance.randrange(found.count), chance.randrange(1, found.count)
        yield found.first + debit, found.first + (debit + step) % found.count


def bare_psycopg(number: int, first: int, count: int) -> Work:
    """The bare statement from Python, without Django: what the language costs."""
    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    chosen = pairs(number, Wallets(first, count))
    statement = BARE_STATEMENT.format(debit="%(debit)s::bigint", credit="%(credit)s::bigint")

    def work() -> None:
        debit, credit = next(chosen)
        connection.execute(statement, {"debit": debit, "credit": credit}, prepare=True)

    return work


def from_django(number: int, first: int, count: int) -> Work:
    """What an action does to move money."""
    chosen = pairs(number, Wallets(first, count))

    def work() -> None:
        debit, credit = next(chosen)
        with recorded(ACTOR):
            posting.post(
                event_key=f"bench:{uuid.uuid4()}",
                kind=JournalKind.SEND,
                debit_account_id=debit,
                credit_account_id=credit,
                amount_minor=AMOUNT,
                reference="bench",
            )

    return work
