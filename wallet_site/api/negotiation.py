"""What a response is written in: the one format a view has, whatever `Accept` wishes for (RFC 9110, 15.5.7)."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OneFormat(DefaultContentNegotiation):
    """Always the first renderer: an app that accepts only `application/problem+json` still gets its answer."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer and its media type."""
        first = next(iter(renderers))
        return first, str(first.media_type)
