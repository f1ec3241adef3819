"""Rules for every template: nothing that the Content-Security-Policy refuses, nothing that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

TEMPLATES = Path(settings.BASE_DIR) / "templates"
STATIC = Path(settings.BASE_DIR) / "static"
ALL = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
# Mail programs know no style sheets; mails are not under the portal's policy.
PAGES = [name for name in ALL if not name.startswith("emails/")]
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "img/icons.svg").read_text()))


def markup(name: str) -> str:
    """The template without what is only said to its reader."""
    text = (TEMPLATES / name).read_text()
    return re.sub(r"{% comment %}.*?{% endcomment %}", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", ALL)
def test_it_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_inline(name: str) -> None:
    text = markup(name)
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"<style\b", text)
    assert not re.search(r"\s(on[a-z]+|hx-on[:\w-]*)=", text)
    assert not [tag for tag in re.findall(r"<script\b[^>]*>", text) if " src=" not in tag]
    assert "javascript:" not in text


@pytest.mark.parametrize("name", PAGES)
def test_nothing_comes_from_elsewhere(name: str) -> None:
    assert not re.search(r'(src|href|action)="(https?:)?//', markup(name))


@pytest.mark.parametrize("name", PAGES)
def test_every_icon_is_drawn(name: str) -> None:
    asked = re.findall(r'(?:icon\.html" with name|icon)="([a-z-]+)"', markup(name))
    assert set(asked) <= ICONS


@pytest.mark.parametrize("name", PAGES)
def test_every_file_exists(name: str) -> None:
    for path in re.findall(r"{% static ['\"]([^'\"]+)['\"] %}", markup(name)):
        if not path.startswith(("admin/", "drf_spectacular_sidecar/", "django_htmx/")):
            assert (STATIC / path).is_file(), path


@pytest.mark.parametrize("name", PAGES)
def test_forms_that_post_carry_the_token(name: str) -> None:
    for form in re.findall(r"<form\b.*?</form>", markup(name), flags=re.DOTALL):
        assert 'method="post"' not in form or "{% csrf_token %}" in form


def test_a_component_says_how_it_is_used() -> None:
    silent = [
        name
        for name in PAGES
        if re.fullmatch(r"components/[^/]+\.html", name)
        and not (TEMPLATES / name).read_text().lstrip().startswith(("{% comment %}", "{% extends"))
    ]
    assert silent == []
