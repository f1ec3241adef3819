"""CSV for people's spreadsheets: a BOM so that Japanese is read as such, and no cell that could be run as a formula.

A name or a reference is somebody else's text. Excel and its kin run a cell that begins with one of a few signs, so such
a text gets an apostrophe in front (requirement 45). Numbers are written as numbers, below zero too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.http import HttpResponse

Cell = str | int | date | datetime | UUID | None
_BOM: Final = "\ufeff"
# As OWASP lists them, and the full-width forms that a Japanese Excel reads alike.
_RUN: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(cell: Cell) -> str | int:
    """One cell as it is written."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return cell
    text = cell.isoformat() if isinstance(cell, date) else str(cell)
    return f"'{text}" if text.startswith(_RUN) or text.lstrip().startswith(_RUN) else text


def lines(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file, line by line: RFC 4180, with the BOM first."""
    memory = io.StringIO()
    writer = csv.writer(memory)
    memory.write(_BOM)
    writer.writerow([safe(cell) for cell in heading])
    yield memory.getvalue()
    for row in rows:
        memory.seek(0)
        memory.truncate()
        writer.writerow([safe(cell) for cell in row])
        yield memory.getvalue()


def download(name: str, heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """An attachment. `name` is ours, plain ASCII without its ending."""
    response = HttpResponse("".join(lines(heading, rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
