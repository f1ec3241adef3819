"""`/wallet`, `/activity` and `/one-time-codes`: what an app shows all day."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import limits, queries
from payments.actions.one_time_codes import make_code
from payments.activity import line_of
from payments.api import wallet_examples as examples
from payments.api.wallet_serializers import (
    ActivityQuerySerializer,
    ActivitySerializer,
    CodeStateSerializer,
    ShownCodeSerializer,
    WalletSerializer,
)
from payments.customers import customer_of
from payments.models import Entry, OneTimeCode
from wallet_site.api.etags import tagged
from wallet_site.api.serializers import query_of
from wallet_site.errors import NotFound
from wallet_site.web import actor_of

_UNCHANGED = OpenApiResponse(description="Not changed since the ETag in `If-None-Match`.")


class WalletView(APIView):
    """The balance."""

    @extend_schema(
        operation_id="get_wallet",
        tags=["Wallet"],
        summary="Read the balance and what may be spent",
        responses={200: WalletSerializer, 304: _UNCHANGED},
        examples=[examples.WALLET],
    )
    def get(self, request: Request) -> Response:
        """With an ETag, so that asking often costs little."""
        customer = customer_of(request)
        wallet = queries.wallet_of(customer.pk)
        in_force = limits.limits(queries.spending_facts(customer, wallet.pk))
        return tagged(request, WalletSerializer(wallet, context={"limits": in_force}).data)


class ActivityView(APIView):
    """What moved."""

    @extend_schema(
        operation_id="list_activity",
        tags=["Wallet"],
        summary="List movements, newest first",
        parameters=[ActivityQuerySerializer],
        responses={200: ActivitySerializer, 304: _UNCHANGED},
        examples=[examples.ACTIVITY],
    )
    def get(self, request: Request) -> Response:
        """One page; `next` leads to the one after it."""
        asked = query_of(ActivityQuerySerializer, request)
        wallet = queries.wallet_of(customer_of(request).pk)
        page = queries.entries_page(wallet.pk, before=asked.get("before"), size=asked["page_size"])
        after = {"before": page.next_before, "page_size": asked["page_size"]}
        link = f"{settings.PUBLIC_URL}{request.path}?{urlencode(after)}" if page.next_before else None
        body = {"results": [_line(entry) for entry in page.entries], "next": link}
        return tagged(request, ActivitySerializer(body).data)


def _line(entry: Entry) -> dict[str, Any]:
    line = line_of(entry)
    return {
        "id": line.journal_id,
        "kind": entry.journal.kind,
        "title": line.title,
        "what": line.what,
        "amount": line.amount_minor,
        "balance_after": line.balance_after,
        "occurred_at": line.occurred_at,
    }


class CodesView(APIView):
    """Codes to pay with."""

    @extend_schema(
        operation_id="make_one_time_code",
        tags=["Paying in stores"],
        summary="Make a code for the counter",
        description="It pays once within five minutes. A new one stops the one before. No key is needed: making a "
        "code moves no money, and a repeat leaves one live code.",
        request=None,
        responses={201: ShownCodeSerializer},
        examples=[examples.CODE],
    )
    def post(self, request: Request) -> Response:
        """The digits, this once."""
        shown = make_code(customer_of(request), actor=actor_of(request._request))
        return Response(ShownCodeSerializer(shown).data, status=201)


class CodeView(APIView):
    """One code of the customer's."""

    @extend_schema(
        operation_id="get_one_time_code",
        tags=["Paying in stores"],
        summary="See what became of a code",
        responses={200: CodeStateSerializer, 304: _UNCHANGED},
        examples=[examples.CODE_STATE],
    )
    def get(self, request: Request, code_id: int) -> Response:
        """The payment, once a store has asked for it."""
        code = queries.code_of(customer_of(request).pk, code_id)
        if code is None:
            raise NotFound
        payment = queries.payment_by_code(code.pk)
        body = {
            "id": code.pk,
            "state": _state_of(code),
            "expires_at": code.expires_at,
            "payment": payment,
        }
        return tagged(request, CodeStateSerializer(body).data)


def _state_of(code: OneTimeCode) -> str:
    if code.used_at is not None:
        return "used"
    if code.revoked_at is not None:
        return "replaced"
    return "expired" if code.expires_at <= timezone.now() else "live"
