"""Is it alive, is it ready, how is it doing: for the machine that runs it."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django_prometheus.exports import ExportToDjangoView

from wallet_site.crypto import equal
from wallet_site.ratelimit import client_for
from wallet_site.web import public


@public
def livez(_request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all; asks nobody else."""
    return JsonResponse({"status": "alive"})


@public
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when the database and Redis answer, else 503 naming the part that does not."""
    parts = {"database": _database_answers(), "redis": _redis_answers()}
    ready = all(parts.values())
    body = {
        "status": "ready" if ready else "not ready",
        **{k: "up" if v else "down" for k, v in parts.items()},
    }
    return JsonResponse(body, status=200 if ready else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except AnyDatabaseError:  # A broken connection is no DatabaseError to Django, but an InterfaceError.
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(client_for(settings.REDIS_URL).ping())
    except redis.RedisError:
        return False


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text for whoever holds METRICS_TOKEN as a bearer token; to others there is no such page."""
    if not settings.METRICS_TOKEN or not equal(
        request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"
    ):
        raise Http404
    response: HttpResponse = ExportToDjangoView(request)
    return response
