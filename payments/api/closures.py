"""`/closure` and `/data-export`: leaving, with one's money and one's data."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from payments.actions.closures import ask_to_close, call_off
from payments.actions.data_exports import FILE_NAME, ask_for_export, download
from payments.api.closure_serializers import CLOSURE, EXPORT, ClosureSerializer, DataExportSerializer
from payments.closure_queries import export_of, outlook, waiting_closure
from payments.customers import customer_of
from wallet_site.downloads import zip_file
from wallet_site.web import actor_of


class ClosureView(APIView):
    """Closing the wallet."""

    @extend_schema(
        operation_id="get_closure",
        tags=["Leaving"],
        summary="See what closing would mean",
        responses={200: ClosureSerializer},
        examples=[CLOSURE],
    )
    def get(self, request: Request) -> Response:
        """Whether a closing waits, and where the money would go today."""
        return Response(_shown(customer_of(request)))

    @extend_schema(
        operation_id="ask_to_close",
        tags=["Leaving"],
        summary="Ask to close the wallet",
        description="Nothing ends before a wait of seven days; every address is told, and it can be called off. Needs "
        "a second factor at most five minutes old. No key is needed: a repeat finds the wish that waits.",
        request=None,
        responses={201: ClosureSerializer},
        examples=[CLOSURE],
    )
    def post(self, request: Request) -> Response:
        """Begins the wait."""
        user = customer_of(request)
        ask_to_close(user, actor=actor_of(request._request))
        return Response(_shown(user), status=201)

    @extend_schema(
        operation_id="call_off_closure",
        tags=["Leaving"],
        summary="Keep the wallet",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        """Calls the closing off."""
        call_off(customer_of(request), actor=actor_of(request._request))
        return Response(status=204)


def _shown(user: User) -> dict[str, Any]:
    closure, now = waiting_closure(user), outlook(user)
    body = {
        "state": closure.state if closure else "none",
        "closes_at": closure.closes_at if closure else None,
        "held_up_by": closure.held_up_by if closure else "",
        "currency": settings.CURRENCY,
        "balance": now.balance_minor,
        "held": now.held_minor,
        "to_cards": [
            {"brand": card.brand, "last_four": card.last_four, "amount": amount}
            for card, amount in now.refunds
        ],
        "to_desk": now.plan.to_desk_minor,
        "compensation": now.plan.compensation_minor,
        "lapses": now.plan.lapses_minor,
        "open_disputes": now.disputes,
    }
    return dict(ClosureSerializer(body).data)


class DataExportView(APIView):
    """A copy of one's own data."""

    @extend_schema(
        operation_id="get_data_export",
        tags=["Leaving"],
        summary="See how far the copy is",
        responses={200: DataExportSerializer},
        examples=[EXPORT],
    )
    def get(self, request: Request) -> Response:
        """None, being put together, or ready."""
        return Response(_described(customer_of(request)))

    @extend_schema(
        operation_id="ask_for_data_export",
        tags=["Leaving"],
        summary="Ask for a copy of one's data",
        description="Every address is told. Needs a second factor at most five minutes old. While one is put together "
        "a repeat finds it; a ready one is replaced.",
        request=None,
        responses={202: DataExportSerializer},
        examples=[EXPORT],
    )
    def post(self, request: Request) -> Response:
        """The worker puts it together."""
        user = customer_of(request)
        ask_for_export(user, actor=actor_of(request._request))
        return Response(_described(user), status=202)


class DataExportFileView(APIView):
    """The copy itself."""

    @extend_schema(
        operation_id="download_data_export",
        tags=["Leaving"],
        summary="Fetch the copy",
        description="A ZIP file with `data.json` and a CSV file for each list, for 24 hours. Needs a second factor at "
        "most five minutes old.",
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The file.")},
    )
    def get(self, request: Request) -> HttpResponse:
        """The file."""
        content = download(customer_of(request), actor=actor_of(request._request))
        return zip_file(FILE_NAME, content)


def _described(user: User) -> dict[str, Any]:
    export = export_of(user)
    return {
        "state": export.state if export else "none",
        "size_bytes": export.size_bytes if export else 0,
        "asked_at": export.asked_at if export else None,
        "expires_at": export.expires_at if export else None,
    }
