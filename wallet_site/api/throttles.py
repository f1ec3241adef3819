"""How many requests a caller may make, and the headers that say so (draft-ietf-httpapi-ratelimit-headers)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from wallet_site import ratelimit
from wallet_site.errors import TooManyTries

if TYPE_CHECKING:
    # REST framework imports this module while its views are being imported.
    from rest_framework.views import APIView


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit as the client is told of it. `left` tries remain for `resets_in_seconds` more seconds."""

    name: str
    limit: int
    period_seconds: int
    left: int
    resets_in_seconds: int


def take(request: Request, name: str, key: str, *, limit: int, period_seconds: int) -> None:
    """`ratelimit.take`, remembered for the response's headers. Raises what it raises."""
    try:
        window = ratelimit.take(name, key, limit=limit, period_seconds=period_seconds)
    except TooManyTries as refusal:
        tell(request, Quota(name, limit, period_seconds, 0, refusal.retry_after or period_seconds))
        raise
    tell(request, Quota(name, limit, period_seconds, window.remaining, window.resets_in_seconds))


def tell(request: Request, quota: Quota) -> None:
    """Put one limit into the response's headers."""
    quotas: list[Quota] = getattr(request._request, "quotas", [])
    request._request.quotas = [*quotas, quota]  # type: ignore[attr-defined]


class CallerThrottle(BaseThrottle):
    """Requests a minute of one device or terminal; of one network where nobody is known yet.

    A view may say `requests_per_minute`. Without Redis every request is refused (requirement 46).
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """True, or raises `TooManyTries` or `Unavailable`."""
        caller = getattr(request.auth, "caller", None) or f"network:{request.META['REMOTE_ADDR']}"
        limit = getattr(view, "requests_per_minute", settings.API_REQUESTS_PER_MINUTE)
        take(request, "api", caller, limit=limit, period_seconds=60)
        return True


class ApiHeadersMiddleware:
    """Adds what every answer under /api/ carries: the limits it was counted against, and that nobody stores it.

    An authentication may put further headers on the request, as `api_headers`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith("/api/"):
            return response
        response.headers.setdefault("Cache-Control", "no-store")
        for name, value in getattr(request, "api_headers", {}).items():
            response[name] = value
        quotas: list[Quota] = getattr(request, "quotas", [])
        if quotas:
            response["RateLimit-Policy"] = ", ".join(
                f'"{q.name}";q={q.limit};w={q.period_seconds}' for q in quotas
            )
            response["RateLimit"] = ", ".join(
                f'"{q.name}";r={q.left};t={q.resets_in_seconds}' for q in quotas
            )
        return response
