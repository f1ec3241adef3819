"""Pages by cursor: the same speed at the first and the millionth row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from wallet_site.errors import FieldError, InvalidInput


class CursorPages(CursorPagination):
    """Newest first, 25 a page, at most 100 by `?page_size=`."""

    page_size: int = 25
    page_size_query_param = "page_size"
    max_page_size: int = 100
    ordering = "-id"

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """One page. Its links begin with our own address, whatever Host the request names (requirement 22)."""
        page = super().paginate_queryset(queryset, request, view=view)
        self.base_url = settings.PUBLIC_URL + request.get_full_path()
        return page

    def get_page_size(self, request: Request) -> int:
        """The size that was asked for. `InvalidInput` for what is no size: a typo is told, not guessed at."""
        given = request.query_params.getlist(self.page_size_query_param)
        if not given:
            return self.page_size
        text = given[0]
        if (
            len(given) > 1
            or not text.isascii()
            or not text.isdigit()
            or not 1 <= int(text[:9]) <= self.max_page_size
        ):
            raise InvalidInput(
                errors=[FieldError("/page_size", _("Choose a size from 1 to 100."), "invalid")]
            )
        return int(text)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """As DRF's, with the sizes that are taken."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": 100, "default": 25}
        return parameters

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """DRF writes OpenAPI 3.0's `nullable`; 3.1 says it by type."""
        link = {"type": ["string", "null"], "format": "uri", "example": None}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"next": link, "previous": link, "results": schema},
        }
