"""ETags on what a client reads again and again, and guards on what it writes (RFC 9110, 13)."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from rest_framework.generics import ListAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from wallet_site.errors import Problem


class Changed(Problem):
    """The thing is no longer as the client's `If-Match` says."""

    code = "precondition-failed"
    status = 412
    title = _("This has changed in the meantime")
    detail = _("Read it again, then repeat the change.")


def etag_of(data: Any) -> str:
    """A strong tag of exactly these bytes of JSON."""
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'


def tagged(request: Request, data: Any) -> Response:
    """200 with an ETag, or 304 where the client has just this. Kept by the client alone, asked for each time."""
    tag = etag_of(data)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if request.method in ("GET", "HEAD") and (
        "*" in known or tag in {one.removeprefix("W/") for one in known}
    ):
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)


def require_unchanged(request: Request, data: Any) -> None:
    """Raise `Changed` where the request brings an `If-Match` that no longer fits `data`. Without one: anything goes."""
    wanted = parse_etags(request.headers.get("If-Match", ""))
    if wanted and "*" not in wanted and etag_of(data) not in wanted:
        raise Changed


class TaggedListView(ListAPIView[Any]):
    """A list by cursor pages, each page with its ETag."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """200 with the page, or 304."""
        return tagged(request, super().list(request, *args, **kwargs).data)
