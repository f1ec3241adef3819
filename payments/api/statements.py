"""`/statements` and receipts: the papers, for the app."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import queries
from payments.customers import customer_of
from payments.errors import PaymentNotFound
from payments.models import Statement
from payments.papers import receipts
from payments.papers import statements as papers
from payments.papers.files import pdf
from payments.statement_queries import statement_of, statements_of
from wallet_site.api.etags import tagged

_UNCHANGED = OpenApiResponse(description="Not changed since the ETag in `If-None-Match`.")


class StatementSerializer(serializers.ModelSerializer[Statement]):
    """One month in Tokyo, closed. `closing` is `opening` plus `money_in` less `money_out`."""

    currency = serializers.CharField(source="account.currency")
    month = serializers.SerializerMethodField(help_text="`2026-05`.")
    entries = serializers.IntegerField(source="entry_count")

    class Meta:
        model = Statement
        fields = ("month", "currency", "opening", "money_in", "money_out", "closing", "entries", "made_at")

    def get_month(self, statement: Statement) -> str:
        """As it stands in the addresses."""
        return f"{statement.month:%Y-%m}"


class StatementsView(APIView):
    """The months."""

    @extend_schema(
        operation_id="list_statements",
        tags=["Wallet"],
        summary="Statements of the months that ended, newest first",
        responses={200: StatementSerializer(many=True), 304: _UNCHANGED},
        examples=[
            OpenApiExample(
                "A month",
                value={
                    "month": "2026-04",
                    "currency": "JPY",
                    "opening": 8_100,
                    "money_in": 20_000,
                    "money_out": 15_620,
                    "closing": 12_480,
                    "entries": 19,
                    "made_at": "2026-05-01T01:40:00+09:00",
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """All of them."""
        found = statements_of(customer_of(request).pk)
        body: Any = StatementSerializer(found, many=True).data
        return tagged(request, body)


class StatementPdfView(APIView):
    """One month on paper."""

    @extend_schema(
        operation_id="get_statement_pdf",
        tags=["Wallet"],
        summary="A statement as PDF, in the request's language",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, year: int, month: int) -> HttpResponse:
        """The file."""
        found = statement_of(customer_of(request).pk, year, month)
        return pdf(f"statement-{found.month:%Y-%m}", papers.as_pdf(found))


class StatementCsvView(APIView):
    """One month as a table."""

    @extend_schema(
        operation_id="get_statement_csv",
        tags=["Wallet"],
        summary="A statement as CSV (UTF-8 with a BOM), in the request's language",
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, year: int, month: int) -> HttpResponse:
        """The file."""
        return papers.as_csv(statement_of(customer_of(request).pk, year, month))


class ReceiptView(APIView):
    """One movement on paper."""

    @extend_schema(
        operation_id="get_receipt",
        tags=["Wallet"],
        summary="A receipt for one line of the activity, as PDF",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, line_id: int) -> HttpResponse:
        """The file; another customer's line is not found."""
        entry = queries.entry_of(customer_of(request).pk, line_id)
        if entry is None:
            raise PaymentNotFound
        return pdf(f"receipt-{line_id}", receipts.as_pdf(entry))
