"""A settlement as a CSV: one line for each payment, refund and correction, then fee and payout.

The columns are for programs and stay as they are, whatever language the reader has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.http import HttpResponse

from payments.days import TOKYO
from payments.models import Settlement
from payments.settlement_queries import settled_lines
from wallet_site.spreadsheets import csv_file

HEADING: Final = (
    "kind",
    "occurred_at",
    "store",
    "terminal",
    "reference",
    "payment_id",
    "transaction",
    "amount",
    "currency",
)


def rows_of(settlement: Settlement) -> Iterator[tuple[Any, ...]]:
    """All amounts but the payout's together are the payout."""
    currency = settlement.currency
    for line in settled_lines(settlement):
        at = line.occurred_at.astimezone(TOKYO).isoformat(timespec="seconds")
        yield (
            line.kind, at, line.store, line.terminal, line.reference, line.payment, line.journal_id, line.amount,
            currency,
        )  # fmt: skip
    day = settlement.day.isoformat()
    yield ("fee", day, "", "", f"{settlement.fee_basis_points} bp", None, None, -settlement.fee, currency)
    yield ("payout", day, "", "", "", None, settlement.journal_id, settlement.payout, currency)


def report(settlement: Settlement) -> HttpResponse:
    """The file, named by day."""
    return csv_file(f"settlement-{settlement.day}", HEADING, rows_of(settlement))
