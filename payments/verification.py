"""Proving that the books are sound: every sum, every chain, every hold, told by the first row that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection, transaction


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row at which a rule does not hold."""

    rule: str
    row: str
    detail: str


class BooksUnsound(Exception):
    """A rule of the books does not hold: somebody must look before anything else moves."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.row}: {fault.detail} ({fault.rule})")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Soundness:
    """What was looked at, and the first fault or None."""

    journals: int
    entries: int
    accounts: int
    fault: Fault | None


# Each names its first wrong row, by the smallest id. Written apart from the guards: what it checks is the data as it
# lies there, however it came to be so.
_RULES: tuple[tuple[str, str], ...] = (
    (
        "each account's entries are numbered without a gap and each balance follows the one before",
        """
        SELECT 'entry ' || account_id || '/' || account_seq,
               'amount ' || amount || ', balance after ' || balance_after || ', before ' || coalesce(before, 0)
                   || ', number after ' || coalesce(number_before, 0)
        FROM (
            SELECT account_id, account_seq, amount, balance_after,
                   lag(balance_after) OVER w AS before, lag(account_seq) OVER w AS number_before
            FROM payments_entry WINDOW w AS (PARTITION BY account_id ORDER BY account_seq)
        ) e
        WHERE account_seq <> coalesce(number_before, 0) + 1 OR balance_after <> coalesce(before, 0) + amount
        ORDER BY account_id, account_seq LIMIT 1
        """,
    ),
    (
        "each balance is the sum of its entries, and its number is their count",
        """
        SELECT 'account ' || a.id,
               'balance ' || a.balance || ', sum ' || coalesce(e.total, 0) || '; number ' || a.seq
                   || ', entries ' || coalesce(e.entries, 0)
        FROM payments_account a
        LEFT JOIN (
            SELECT account_id, sum(amount) AS total, count(*) AS entries FROM payments_entry GROUP BY account_id
        ) e ON e.account_id = a.id
        WHERE a.balance <> coalesce(e.total, 0) OR a.seq <> coalesce(e.entries, 0)
        ORDER BY a.id LIMIT 1
        """,
    ),
    (
        "each journal has all its legs and sums to zero in each currency",
        """
        SELECT 'journal ' || j.id, 'legs ' || j.legs || ', entries ' || coalesce(sum(e.legs), 0)
                   || ', sums ' || coalesce(string_agg(e.currency || ' ' || e.total, ', '), 'none')
        FROM payments_journal j
        LEFT JOIN (
            SELECT e.journal_id, a.currency, sum(e.amount) AS total, count(*) AS legs
            FROM payments_entry e LEFT JOIN payments_account a ON a.id = e.account_id
            GROUP BY e.journal_id, a.currency
        ) e ON e.journal_id = j.id
        GROUP BY j.id, j.legs
        HAVING j.legs <> coalesce(sum(e.legs), 0) OR bool_or(e.total <> 0)
        ORDER BY j.id LIMIT 1
        """,
    ),
    (
        "each entry belongs to a journal and an account",
        """
        SELECT 'entry ' || e.account_id || '/' || e.account_seq, 'journal ' || e.journal_id
        FROM payments_entry e
        LEFT JOIN payments_journal j ON j.id = e.journal_id
        LEFT JOIN payments_account a ON a.id = e.account_id
        WHERE j.id IS NULL OR a.id IS NULL
        ORDER BY e.account_id, e.account_seq LIMIT 1
        """,
    ),
    (
        "what is held is the sum of the open holds, and no floor is broken",
        """
        SELECT 'account ' || a.id,
               'held ' || a.held || ', open holds ' || coalesce(h.total, 0) || ', balance ' || a.balance
        FROM payments_account a
        LEFT JOIN (
            SELECT account_id, sum(amount) AS total FROM payments_hold WHERE state = 'open' GROUP BY account_id
        ) h ON h.account_id = a.id
        WHERE a.held <> coalesce(h.total, 0) OR a.balance - a.held < a.floor
        ORDER BY a.id LIMIT 1
        """,
    ),
    (
        "all accounts of a currency together are zero",
        """
        SELECT 'currency ' || currency, 'total ' || sum(balance)
        FROM payments_account GROUP BY currency HAVING sum(balance) <> 0 ORDER BY currency LIMIT 1
        """,
    ),
    (
        "each authorized payment has its open hold, and each captured one took what it says",
        """
        SELECT 'payment ' || p.id, 'status ' || p.status || ', hold ' || coalesce(h.state, 'none')
        FROM payments_payment p LEFT JOIN payments_hold h ON h.id = p.hold_id
        WHERE (p.status = 'authorized' AND (h.state, h.amount) IS DISTINCT FROM ('open', p.amount))
           OR (p.status = 'captured' AND h.id IS NOT NULL AND h.captured <> p.captured)
           OR (p.status = 'cancelled' AND h.state = 'open')
        ORDER BY p.id LIMIT 1
        """,
    ),
    (
        "a closed wallet is empty, and what is owed outside of wallets lies in the account of claims",
        """
        SELECT 'account ' || a.id, 'closed, balance ' || a.balance || ', held ' || a.held
        FROM payments_account a WHERE a.closed_at IS NOT NULL AND (a.balance <> 0 OR a.held <> 0)
        UNION ALL
        SELECT 'claims in ' || a.currency, 'balance ' || sum(a.balance) || ', owed ' || coalesce(max(c.owed), 0)
        FROM payments_account a
        LEFT JOIN (
            SELECT currency, sum(amount) AS owed FROM payments_claim WHERE state = 'owed' GROUP BY currency
        ) c ON c.currency = a.currency
        WHERE a.kind = 'claims_payable'
        GROUP BY a.currency HAVING sum(a.balance) <> coalesce(max(c.owed), 0)
        LIMIT 1
        """,
    ),
    (
        "each store payment says what the books say",
        """
        SELECT 'payment ' || p.id, 'captured ' || p.captured || ', posted ' || coalesce(-e.amount, 0)
                   || '; refunded ' || p.refunded || ', refunds ' || coalesce(r.total, 0)
        FROM payments_payment p
        LEFT JOIN payments_entry e ON e.journal_id = p.journal_id AND e.account_id = p.wallet_id
        LEFT JOIN (
            SELECT r.payment_id, sum(e.amount) AS total FROM payments_refund r
            JOIN payments_payment p ON p.id = r.payment_id
            JOIN payments_entry e ON e.journal_id = r.journal_id AND e.account_id = p.wallet_id
            GROUP BY r.payment_id
        ) r ON r.payment_id = p.id
        WHERE p.captured <> coalesce(-e.amount, 0) OR p.refunded <> coalesce(r.total, 0)
        ORDER BY p.id LIMIT 1
        """,
    ),
    (
        "each settlement is the sum of the entries that it covers, and its journal pays out what it says",
        """
        SELECT 'settlement ' || s.id, 'net ' || (s.payments - s.refunds + s.corrections) || ', entries '
                   || coalesce(c.total, 0) || '; payout ' || s.payout || ', posted ' || coalesce(p.total, 0)
        FROM payments_settlement s
        LEFT JOIN (
            SELECT r.settlement_id, sum(e.amount) AS total FROM payments_settledrange r
            JOIN payments_entry e ON e.account_id = r.account_id AND e.account_seq BETWEEN r.first_seq AND r.last_seq
            JOIN payments_journal j ON j.id = e.journal_id AND j.kind <> 'settlement'
            GROUP BY r.settlement_id
        ) c ON c.settlement_id = s.id
        LEFT JOIN (
            SELECT e.journal_id, sum(e.amount) AS total FROM payments_entry e
            JOIN payments_account a ON a.id = e.account_id AND a.kind = 'merchant_settlement' GROUP BY e.journal_id
        ) p ON p.journal_id = s.journal_id
        WHERE s.payments - s.refunds + s.corrections <> coalesce(c.total, 0) OR s.payout <> coalesce(p.total, 0)
        ORDER BY s.id LIMIT 1
        """,
    ),
    (
        "each statement is the sum of its entries, and begins where the one before it ended",
        """
        SELECT 'statement ' || s.id, 'closing ' || s.closing || ', entries end at ' || coalesce(e.balance_after, 0)
                   || '; opening ' || s.opening || ', before ' || coalesce(o.balance_after, 0)
        FROM payments_statement s
        LEFT JOIN payments_statement b
            ON b.account_id = s.account_id AND b.month = (s.month - interval '1 month')::date
        LEFT JOIN payments_entry e ON e.account_id = s.account_id AND e.account_seq = s.last_seq
        LEFT JOIN payments_entry o ON o.account_id = s.account_id AND o.account_seq = s.first_seq - 1
        WHERE s.closing <> coalesce(e.balance_after, 0) OR s.opening <> coalesce(o.balance_after, 0)
           OR s.first_seq <> b.last_seq + 1
        ORDER BY s.id LIMIT 1
        """,
    ),
)


class Cursor(Protocol):
    """As much of a database cursor as is needed here."""

    def execute(self, sql: Any, /) -> Any: ...

    def fetchone(self) -> Any: ...


def first_fault(cursor: Cursor) -> Fault | None:
    """The first rule that does not hold in what this cursor sees."""
    for rule, sql in _RULES:
        cursor.execute(sql)
        row = cursor.fetchone()
        if row is not None:
            return Fault(rule, row[0], row[1])
    return None


def verify_books() -> Soundness:
    """Check every rule in one unchanging view of the data. Changes nothing; the portal goes on meanwhile."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(
            "SELECT (SELECT count(*) FROM payments_journal), (SELECT count(*) FROM payments_entry),"
            " (SELECT count(*) FROM payments_account)"
        )
        journals, entries, accounts = cursor.fetchone()
        return Soundness(journals, entries, accounts, first_fault(cursor))
