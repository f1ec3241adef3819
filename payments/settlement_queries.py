"""What merchants are owed, and the lines of a settlement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from payments.errors import SettlementNotFound
from payments.models import Account, AccountKind, Settlement


def unsettled_day(merchant_id: int, currency: str = "JPY") -> date | None:
    """The day in Tokyo that is to be settled next; None when nothing is owed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_unsettled_day(%s, %s)", [merchant_id, currency])
        row = cursor.fetchone()
    found: date | None = row[0] if row else None
    return found


def payable_balance(merchant_id: int, currency: str = "JPY") -> int:
    """What is owed for sales that are not settled yet: all of a merchant's payable accounts together, minor units."""
    accounts = Account.objects.filter(
        kind=AccountKind.MERCHANT_PAYABLE, merchant_id=merchant_id, currency=currency
    )
    return int(accounts.aggregate(total=Sum("balance"))["total"] or 0)


def settlement_of(merchant_id: int, public_id: UUID) -> Settlement:
    """A settlement of this merchant; `SettlementNotFound` for another's."""
    found = (
        Settlement.objects.select_related("merchant")
        .filter(merchant_id=merchant_id, public_id=public_id)
        .first()
    )
    if found is None:
        raise SettlementNotFound
    return found


@dataclass(frozen=True, slots=True)
class SettledLine:
    """One entry that a settlement covers. `amount` is signed, minor units; a correction has no sale."""

    kind: str
    occurred_at: datetime
    store: str
    terminal: str
    reference: str
    payment: UUID | None
    amount: int
    journal_id: int


_LINES = """
SELECT j.kind, j.occurred_at, coalesce(s.name, ''), coalesce(t.name, ''), coalesce(p.reference, ''), p.public_id,
       e.amount, j.id
FROM payments_settledrange g
JOIN payments_entry e ON e.account_id = g.account_id AND e.account_seq BETWEEN g.first_seq AND g.last_seq
JOIN payments_journal j ON j.id = e.journal_id AND j.kind <> 'settlement'
LEFT JOIN payments_refund r ON r.journal_id = j.id
LEFT JOIN payments_payment p ON p.id = coalesce(
    r.payment_id, (SELECT q.id FROM payments_payment q WHERE q.journal_id = j.id))
LEFT JOIN payments_store s ON s.id = p.store_id
LEFT JOIN payments_terminal t ON t.id = p.terminal_id
WHERE g.settlement_id = %s
ORDER BY j.occurred_at, j.id
"""
_LINES_AT_ONCE = 1000


def settled_lines(settlement: Settlement) -> Iterator[SettledLine]:
    """What a settlement is made of, by time. All of it together is payments less refunds and corrections."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [settlement.pk])
        while rows := cursor.fetchmany(_LINES_AT_ONCE):
            for row in rows:
                yield SettledLine(*row)


@dataclass(frozen=True, slots=True)
class StoreShare:
    """What one store contributed to a settlement."""

    store: str
    payments: int
    payment_count: int
    refunds: int


_SHARES = """
SELECT coalesce(s.name, ''), coalesce(sum(e.amount) FILTER (WHERE j.kind = 'payment'), 0)::bigint,
       count(*) FILTER (WHERE j.kind = 'payment'), coalesce(-sum(e.amount) FILTER (WHERE j.kind = 'refund'), 0)::bigint
FROM payments_settledrange g
JOIN payments_entry e ON e.account_id = g.account_id AND e.account_seq BETWEEN g.first_seq AND g.last_seq
JOIN payments_journal j ON j.id = e.journal_id AND j.kind <> 'settlement'
LEFT JOIN payments_refund r ON r.journal_id = j.id
LEFT JOIN payments_payment p ON p.id = coalesce(
    r.payment_id, (SELECT q.id FROM payments_payment q WHERE q.journal_id = j.id))
LEFT JOIN payments_store s ON s.id = p.store_id
WHERE g.settlement_id = %s
GROUP BY s.id, s.name ORDER BY 2 DESC, 1
"""


def store_shares(settlement: Settlement) -> list[StoreShare]:
    """By store, the largest first; "" is what belongs to none."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, [settlement.pk])
        return [StoreShare(*row) for row in cursor.fetchall()]
