"""A statement on paper and as a table: the same lines as on its page, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from payments.activity import Line, line_of
from payments.days import TOKYO
from payments.models import Statement
from payments.papers.sheet import Column, Sheet
from payments.statement_queries import statement_entries
from wallet_site.money import format_money
from wallet_site.spreadsheets import csv_file


def lines_of(statement: Statement) -> list[Line]:
    """What the statement lists, oldest first."""
    return [line_of(entry) for entry in statement_entries(statement)]


def month_words(statement: Statement) -> str:
    """ "October 2026"."""
    return date_format(statement.month, "YEAR_MONTH_FORMAT")


def period_words(statement: Statement) -> str:
    """From the first to the last day."""
    last = (statement.month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return _("%(first)s to %(last)s") % {
        "first": date_format(statement.month, "DATE_FORMAT"),
        "last": date_format(last, "DATE_FORMAT"),
    }


def figures_of(statement: Statement) -> list[tuple[str, str]]:
    """What it began with, what came, what went, what it ended with."""
    currency = statement.account.currency
    return [
        (_("Opening balance"), format_money(statement.opening, currency)),
        (_("Money in"), format_money(statement.money_in, currency)),
        (_("Money out"), format_money(-statement.money_out, currency)),
        (_("Closing balance"), format_money(statement.closing, currency)),
    ]


def as_pdf(statement: Statement) -> bytes:
    """The statement on A4."""
    owner, currency = statement.account.owner, statement.account.currency
    sheet = Sheet(
        _("Statement for %(month)s") % {"month": month_words(statement)}, subtitle=period_words(statement)
    )
    if owner is not None:
        sheet.facts([(_("Name"), owner.full_name), (_("Customer number"), owner.customer_number or "")])
    sheet.figures(figures_of(statement))
    columns = [
        Column(_("Date"), 40),
        Column(_("What"), 66),
        Column(_("Amount"), 34, is_number=True),
        Column(_("Balance"), 34, is_number=True),
    ]
    sheet.table(
        columns,
        [
            (
                date_format(line.occurred_at.astimezone(TOKYO), "SHORT_DATETIME_FORMAT"),
                _told(line),
                format_money(line.amount_minor, currency, signed=True),
                format_money(line.balance_after, currency),
            )
            for line in lines_of(statement)
        ],
    )
    if not statement.entry_count:
        sheet.note(_("Nothing moved in this month."))
    sheet.note(
        _("Times are Japan's. This paper shows what our books hold; ask us about anything that is not yours.")
    )
    return sheet.as_bytes()


def as_csv(statement: Statement) -> HttpResponse:
    """One line for each entry, between the opening and the closing balance."""
    heading = (_("Date"), _("What"), _("Description"), _("Amount"), _("Balance"), _("Transaction number"))
    return csv_file(f"statement-{statement.month:%Y-%m}", heading, _rows(statement))


def _rows(statement: Statement) -> Iterator[tuple[Any, ...]]:
    yield (statement.month, _("Opening balance"), "", None, statement.opening, None)
    for line in lines_of(statement):
        at = line.occurred_at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S")
        yield (at, line.what, line.title, line.amount_minor, line.balance_after, line.journal_id)
    yield ("", _("Closing balance"), "", None, statement.closing, None)


def _told(line: Line) -> str:
    return line.title if line.title == line.what else f"{line.title} · {line.what}"
