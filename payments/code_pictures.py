"""A one-time code as a QR code and as a Code128 barcode: SVG of plain shapes, no style attribute, no script."""

from __future__ import annotations

from itertools import groupby

import segno
from barcode import Code128
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

QUIET_QR = 4
QUIET_BARS = 10
BAR_HEIGHT = 44


def qr_svg(digits: str) -> SafeString:
    """The code as a QR code with its quiet zone, one rect per run of dark modules."""
    rows = [list(row) for row in segno.make(digits, error="m", micro=False).matrix]
    side = len(rows) + 2 * QUIET_QR
    shapes = [
        _rect(QUIET_QR + start, QUIET_QR + y, width, 1)
        for y, row in enumerate(rows)
        for start, width in _runs([bool(module) for module in row])
    ]
    return _svg(side, side, shapes, _("Payment code as a QR code"))


def bars_svg(digits: str) -> SafeString:
    """The code as Code128 with its quiet zones; digits in pairs, so that it stays narrow."""
    modules = [module == "1" for module in Code128(digits).build()[0]]
    shapes = [_rect(QUIET_BARS + start, 0, width, BAR_HEIGHT) for start, width in _runs(modules)]
    return _svg(len(modules) + 2 * QUIET_BARS, BAR_HEIGHT, shapes, _("Payment code as a barcode"))


def _runs(modules: list[bool]) -> list[tuple[int, int]]:
    """(start, width) of each run of dark modules."""
    found, place = [], 0
    for dark, run in groupby(modules):
        width = len(list(run))
        if dark:
            found.append((place, width))
        place += width
    return found


def _rect(x: int, y: int, width: int, height: int) -> SafeString:
    return format_html('<rect x="{}" y="{}" width="{}" height="{}"/>', x, y, width, height)


def _svg(width: int, height: int, shapes: list[SafeString], label: str) -> SafeString:
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" shape-rendering="crispEdges">{}</svg>',
        width,
        height,
        label,
        mark_safe("".join(shapes)),  # noqa: S308  (each part was made by format_html)
    )
