"""What the portal's own files may weigh on the wire."""

from __future__ import annotations

from pathlib import Path

import brotli
from django.conf import settings
from django.contrib.staticfiles import finders

STATIC = Path(settings.BASE_DIR) / "static"
PAGE_CSS = ("tokens", "base", "layout", "controls", "content", "wallet")


def squeezed(path: Path | str) -> int:
    return len(brotli.compress(Path(path).read_bytes()))


def test_the_styles_of_a_page_stay_below_12_kilobytes() -> None:
    assert sum(squeezed(STATIC / f"css/{name}.css") for name in PAGE_CSS) < 12_000


def test_the_scripts_of_a_page_stay_below_25_kilobytes() -> None:
    htmx = finders.find("django_htmx/htmx-2.min.js")
    assert squeezed(htmx) + sum(squeezed(STATIC / f"js/{name}.js") for name in ("page", "forms")) < 25_000


def test_the_font_stays_below_48_kilobytes_and_carries_its_licence() -> None:
    assert (STATIC / "fonts/inter-latin.woff2").stat().st_size < 48_000
    assert "SIL Open Font License" in (STATIC / "fonts/OFL.txt").read_text()
