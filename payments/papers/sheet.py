"""A sheet of paper: A4 with the portal's head and foot, facts, and a table that goes on over the pages.

Made by fpdf2, which is Python alone: WeasyPrint wants Pango from the system, which nobody without root can bring to a
bare machine, and on many machines there is no Japanese font either. Ours lie beside this file; only the signs that a
paper shows are embedded. fpdf2 is imported when the first paper is made: it costs most of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS: Final = Path(__file__).with_name("fonts")
_FAMILY: Final = "paper"
_FACES: Final = (("", "NotoSansJP-Regular.otf"), ("B", "NotoSansJP-Bold.otf"))
# The light scheme of `static/css/tokens.css`.
_INK: Final = (10, 30, 32)
_SOFT: Final = (74, 92, 95)
_LINE: Final = (220, 230, 230)
_BRAND: Final = (0, 101, 94)
_GROUND: Final = (239, 245, 245)
_MARGIN: Final = 18.0
_FOOT: Final = 20.0


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its heading and its width in millimetres. `is_number`: set to the right."""

    heading: str
    width: float
    is_number: bool = False


class Sheet:
    """One paper in the making. Everything is drawn below what was drawn before."""

    def __init__(self, title: str, *, subtitle: str = "") -> None:
        self.title = title
        self._pdf = _blank(title)
        self._pdf.add_page()
        self._head(title, subtitle)

    def as_bytes(self) -> bytes:
        """The finished PDF."""
        return bytes(self._pdf.output())

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values, one below the other."""
        pdf = self._pdf
        for name, value in rows:
            top = pdf.get_y()
            self._write(9, _SOFT)
            pdf.multi_cell(46, 6, name, align="L", new_x="RIGHT", new_y="TOP")
            pdf.set_xy(_MARGIN + 48, top)
            self._write(9.5, _INK)
            pdf.multi_cell(0, 6, value, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(4)

    def figures(self, rows: Sequence[tuple[str, str]]) -> None:
        """The few amounts that matter, side by side on a quiet ground."""
        pdf = self._pdf
        width = pdf.epw / len(rows)
        top, height = pdf.get_y(), 19.0
        pdf.set_fill_color(*_GROUND)
        pdf.rect(_MARGIN, top, pdf.epw, height, style="F", round_corners=True, corner_radius=3)
        for place, (name, value) in enumerate(rows):
            left = _MARGIN + place * width + 4
            pdf.set_xy(left, top + 3.5)
            self._write(8, _SOFT)
            pdf.cell(width - 6, 5, name)
            pdf.set_xy(left, top + 9)
            self._write(12.5, _INK, bold=True)
            pdf.cell(width - 6, 7, value)
        pdf.set_xy(_MARGIN, top + height + 7)

    def amount(self, name: str, value: str) -> None:
        """One amount, large: what a receipt is about."""
        pdf = self._pdf
        self._write(10, _SOFT)
        pdf.cell(0, 6, name, new_x="LMARGIN", new_y="NEXT")
        self._write(28, _INK, bold=True)
        pdf.cell(0, 14, value, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(4)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Rows with a line below each; the headings stand on every page."""
        self._headings(columns)
        for row in rows:
            if self._pdf.get_y() + 8 > self._pdf.page_break_trigger:
                self._pdf.add_page()
                self._headings(columns)
            self._row(columns, row, 8.5, _INK)

    def note(self, text: str) -> None:
        """A sentence in small print."""
        self._pdf.ln(3)
        self._write(8, _SOFT)
        self._pdf.multi_cell(0, 4.6, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def _headings(self, columns: Sequence[Column]) -> None:
        self._row(columns, [column.heading for column in columns], 8, _SOFT)

    def _row(
        self, columns: Sequence[Column], cells: Sequence[str], size: float, ink: tuple[int, int, int]
    ) -> None:
        pdf = self._pdf
        self._write(size, ink)
        pdf.set_draw_color(*_LINE)
        for column, cell in zip(columns, cells, strict=True):
            text = self._fitting(cell, column.width - 2)
            pdf.cell(column.width, 7.5, text, border="B", align="R" if column.is_number else "L")
        pdf.ln()

    def _fitting(self, text: str, width: float) -> str:
        """As much of a text as a cell takes; an ellipsis says that there was more."""
        if self._pdf.get_string_width(text) <= width:
            return text
        while text and self._pdf.get_string_width(text + "…") > width:
            text = text[:-1]
        return text + "…"

    def _head(self, title: str, subtitle: str) -> None:
        pdf = self._pdf
        pdf.set_fill_color(*_BRAND)
        pdf.rect(0, 0, pdf.w, 4, style="F")
        pdf.set_xy(_MARGIN, 14)
        self._write(10, _BRAND, bold=True)
        pdf.cell(0, 5, settings.OPERATOR_NAME, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(3)
        self._write(20, _INK, bold=True)
        pdf.multi_cell(0, 10, title, align="L", new_x="LMARGIN", new_y="NEXT")
        if subtitle:
            self._write(10.5, _SOFT)
            pdf.cell(0, 6, subtitle, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(5)

    def _write(self, size: float, ink: tuple[int, int, int], *, bold: bool = False) -> None:
        self._pdf.set_font(_FAMILY, style="B" if bold else "", size=size)
        self._pdf.set_text_color(*ink)


def _blank(title: str) -> FPDF:
    """An empty document with our fonts, and the foot that every page gets."""
    from fpdf import FPDF  # noqa: PLC0415  (see above)

    foot = f"{settings.OPERATOR_NAME} · {settings.SUPPORT_PHONE} · {settings.PUBLIC_URL}"

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-_FOOT + 6)
            self.set_font(_FAMILY, size=7.5)
            self.set_text_color(*_SOFT)
            self.cell(self.epw / 2, 5, foot)
            numbered = _("Page %(page)s of %(all)s") % {"page": self.page_no(), "all": "{nb}"}
            self.cell(self.epw / 2, 5, numbered, align="R")

    paper = Paper(format="A4")
    for style, file in _FACES:
        paper.add_font(_FAMILY, style=style, fname=FONTS / file)
    paper.set_margins(_MARGIN, 14, _MARGIN)
    paper.set_auto_page_break(True, _FOOT)
    paper.set_title(title)
    paper.set_author(settings.OPERATOR_NAME)
    paper.set_creator(settings.OPERATOR_NAME)
    paper.set_lang(get_language() or settings.LANGUAGE_CODE)
    return paper
