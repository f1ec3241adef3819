"""The little HTTP that the sandbox needs: requests read with limits, answers with strict headers."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

LARGEST_BODY = 64 * 1024


class TooLargeError(Exception):
    """The request's body is larger than anything the sandbox takes."""


@dataclass(frozen=True)
class Request:
    """One request. `form` and `query` keep the last value of a repeated name."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """One answer. `hold` keeps it back for the time that the slow test cards take."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    hold: bool = False
    errors: tuple[str, ...] = field(default=())


def read_request(environ: Mapping[str, Any]) -> Request:
    """The request that a WSGI server hands over; raises TooLargeError."""
    length_text = environ.get("CONTENT_LENGTH") or "0"
    length = int(length_text) if length_text.isdigit() else 0
    if length > LARGEST_BODY:
        raise TooLargeError
    body = environ["wsgi.input"].read(length) if length else b""
    is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "/"),
        query=_pairs(environ.get("QUERY_STRING", "")),
        form=_pairs(body.decode("utf-8", "replace")) if is_form else {},
        body=body,
        headers=headers,
    )


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200))


def nested(form: Mapping[str, str]) -> dict[str, Any]:
    """Stripe's form encoding: `metadata[top_up]=1` becomes `{"metadata": {"top_up": "1"}}`."""
    values: dict[str, Any] = {}
    for name, value in form.items():
        outer, bracket, inner = name.partition("[")
        if bracket:
            group = values.setdefault(outer, {})
            if isinstance(group, dict):
                group[inner.rstrip("]")] = value
        else:
            values[outer] = value
    return values


def json_response(status: int, body: object, *, hold: bool = False) -> Response:
    """An answer of the API."""
    return Response(status, json.dumps(body).encode(), "application/json", hold=hold)


def redirect(url: str) -> Response:
    """See other: the browser follows with a GET."""
    return Response(303, b"", "text/plain; charset=utf-8", (("Location", url),))


def header_list(response: Response) -> Iterable[tuple[str, str]]:
    """Every header of an answer."""
    yield "Content-Type", response.content_type
    yield "Content-Length", str(len(response.body))
    yield "X-Content-Type-Options", "nosniff"
    yield "Referrer-Policy", "no-referrer"
    yield "Cache-Control", "no-store"
    yield from response.headers
