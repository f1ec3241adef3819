"""Statements and receipts: pages to read and print, and files to keep."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from payments import queries
from payments.customers import customer_of
from payments.errors import PaymentNotFound
from payments.papers import receipts
from payments.papers import statements as papers
from payments.papers.files import pdf
from payments.statement_queries import statement_of, statements_of


@require_GET
def statements(request: HttpRequest) -> HttpResponse:
    """Every month that has ended, newest first."""
    found = statements_of(customer_of(request).pk)
    years = [(year, list(months)) for year, months in groupby(found, key=lambda one: one.month.year)]
    return render(request, "payments/statements.html", {"nav": "activity", "years": years})


@require_GET
def statement(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """One month on a page that prints well."""
    customer = customer_of(request)
    found = statement_of(customer.pk, year, month)
    context = {
        "nav": "activity",
        "statement": found,
        "customer": customer,
        "title": papers.month_words(found),
        "period": papers.period_words(found),
        "figures": papers.figures_of(found),
        "lines": papers.lines_of(found),
        "currency": found.account.currency,
    }
    return render(request, "payments/statement.html", context)


@require_GET
def statement_pdf(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The month as a PDF."""
    found = statement_of(customer_of(request).pk, year, month)
    return pdf(f"statement-{found.month:%Y-%m}", papers.as_pdf(found))


@require_GET
def statement_csv(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The month as a table."""
    return papers.as_csv(statement_of(customer_of(request).pk, year, month))


@require_GET
def receipt(request: HttpRequest, journal_id: int) -> HttpResponse:
    """One entry of the customer's as a PDF."""
    entry = queries.entry_of(customer_of(request).pk, journal_id)
    if entry is None:
        raise PaymentNotFound
    return pdf(f"receipt-{journal_id}", receipts.as_pdf(entry))
