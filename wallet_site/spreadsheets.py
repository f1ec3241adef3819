"""Lists that people open in a spreadsheet: CSV that Excel reads as UTF-8 and that cannot run anything there."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

_Response = TypeVar("_Response", bound=HttpResponseBase)
_TYPE = "text/csv; charset=utf-8"
_BOM = "\ufeff"
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection), also behind blanks; and the full-width
# forms that a Japanese Excel reads alike.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Line:
    """What `csv.writer` writes to: gives each line back."""

    def write(self, text: str) -> str:
        return text


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download called `name` (without ".csv"), written while it is read: a long list takes no memory."""
    return _download(name, StreamingHttpResponse(csv_lines(header, rows), content_type=_TYPE))


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """The same for a short list: written at once, in the language that is active now."""
    return _download(name, HttpResponse("".join(csv_lines(header, rows)), content_type=_TYPE))


def _download(name: str, response: _Response) -> _Response:
    """`name` is ours, plain ASCII without its ending."""
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store, private"
    return response


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of a file, RFC 4180, the first with a BOM."""
    writer = csv.writer(_Line())
    yield _BOM + writer.writerow([_cell(one) for one in header])
    for row in rows:
        yield writer.writerow([_cell(one) for one in row])


def _cell(value: Any) -> Any:
    """A number stays one. Text that would be a formula begins with an apostrophe: shown, never run (requirement 45)."""
    if isinstance(value, int | float):
        return value
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text
