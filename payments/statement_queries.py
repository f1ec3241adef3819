"""Reading statements through their owner, and the entries that each lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from payments.errors import StatementNotFound
from payments.models import Entry, Statement
from payments.queries import described, wallet_of


def statements_of(customer_id: int) -> Sequence[Statement]:
    """The customer's statements, newest first: ten years are 120 rows."""
    wallet = wallet_of(customer_id)
    return list(Statement.objects.filter(account_id=wallet.pk).select_related("account").order_by("-month"))


def statement_of(customer_id: int, year: int, month: int) -> Statement:
    """The customer's statement for a month; `StatementNotFound` where there is none."""
    found = None
    if 1 <= month <= 12 and 1 <= year <= 9999:
        wanted = Statement.objects.filter(account_id=wallet_of(customer_id).pk, month=date(year, month, 1))
        found = wanted.select_related("account__owner").first()
    if found is None:
        raise StatementNotFound
    return found


def statement_entries(statement: Statement) -> list[Entry]:
    """Everything that a statement lists, oldest first, ready for `activity.line_of`. One query: one index range."""
    entries = Entry.objects.filter(
        account_id=statement.account_id,
        account_seq__gte=statement.first_seq,
        account_seq__lte=statement.last_seq,
    )
    return list(described(entries).order_by("account_seq"))
