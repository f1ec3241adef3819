"""`make messages`: collecting, keeping, compiling and judging translations."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from wallet_site.local import messages

FORMS = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext

HELLO = _("Hello %(name)s")
DAYS = ngettext("%(n)s day", "%(n)s days", 2)
MAY = pgettext("month", "May")
PARTS = _("Two " "parts")
UNKNOWN = _(HELLO)
"""
PAGE = """{% load i18n %}
    <p>it's {% translate "Open" context "verb" %}
  {% blocktranslate trimmed count n=items|length with x=y %}
     One item of {{ x }}
        {% plural %}
     {{ n }} items
     of {{ x }}
  {% endblocktranslate %}{{ _("Constant")|upper }}{% include "a.html" with label=_("Label") %}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "accounts/forms.py": FORMS,
        "templates/payments/page.html": PAGE,
        "templates/emails/support_apology_body.txt": '{% load i18n %}{% translate "We are sorry." %}',
        "templates/base.html": '{% load i18n %}{% translate "Menu" %}',
        "tests/test_it.py": '_("Of no area")',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def update(root: Path, *arguments: str) -> int:
    return messages.main(["--root", str(root), *arguments])


def po(root: Path, area: str) -> Path:
    return root / area / "locale" / "ja" / "LC_MESSAGES" / "django.po"


def translate(root: Path, area: str, sentence: str, japanese: str, *, keyword: str = "msgstr") -> None:
    path = po(root, area)
    before, found, after = path.read_text().partition(f'"{sentence}"\n{keyword} ""')
    assert found
    path.write_text(f'{before}"{sentence}"\n{keyword} "{japanese}"{after}')


def sentences(root: Path, area: str) -> set[tuple[str | None, str]]:
    return {messages.key_of(message) for message in messages.read_catalog(root, area) if message.id}


def test_each_sentence_lands_in_the_catalog_of_its_area(root: Path) -> None:
    assert update(root) == 0

    assert sentences(root, "accounts") == {
        (None, "Hello %(name)s"),
        (None, "%(n)s day"),
        ("month", "May"),
        (None, "Two parts"),
    }
    assert sentences(root, "payments") == {
        ("verb", "Open"),
        (None, "One item of %(x)s"),
        (None, "Constant"),
        (None, "Label"),
    }
    assert sentences(root, "support") == {(None, "We are sorry.")}
    assert sentences(root, "wallet_site") == {(None, "Menu")}


def test_a_second_run_changes_nothing_and_keeps_translations(root: Path) -> None:
    update(root)
    translate(root, "accounts", "Hello %(name)s", "%(name)sさん、こんにちは")
    update(root)
    once = po(root, "accounts").read_bytes()

    update(root)

    assert po(root, "accounts").read_bytes() == once
    with po(root, "accounts").with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert compiled.gettext("Hello %(name)s") == "%(name)sさん、こんにちは"
    assert compiled.gettext("Two parts") == "Two parts"


def test_a_sentence_that_moves_takes_its_translation_along(root: Path) -> None:
    update(root)
    translate(root, "wallet_site", "Menu", "メニュー")
    (root / "templates/base.html").write_text("")
    (root / "templates/support").mkdir()
    (root / "templates/support/menu.html").write_text('{% load i18n %}{% translate "Menu" %}')

    update(root)

    assert 'msgid "Menu"\nmsgstr "メニュー"' in po(root, "support").read_text()
    assert '#~ msgid "Menu"' in po(root, "wallet_site").read_text()
    update(root, "--prune")
    assert "Menu" not in po(root, "wallet_site").read_text()


def test_one_area_can_be_updated_alone(root: Path) -> None:
    update(root, "payments")

    assert po(root, "payments").exists()
    assert not po(root, "accounts").exists()


def test_check_names_what_is_missing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    update(root)

    assert update(root, "--check", "support") == 1

    assert "support: not translated: 'We are sorry.'" in capsys.readouterr().err


def test_check_is_content_with_a_complete_catalog(root: Path) -> None:
    update(root)
    translate(root, "support", "We are sorry.", "申し訳ございません。")
    update(root)

    assert update(root, "--check", "support") == 0


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda text: text.replace("申し訳", "申しわけ"), "does not match"),
        (lambda text: text.replace("\nmsgid", "\n#, fuzzy\nmsgid").replace("#, fuzzy\n", "", 1), "fuzzy"),
    ],
)
def test_check_refuses_a_stale_or_fuzzy_catalog(root: Path, capsys, damage, complaint: str) -> None:
    update(root)
    translate(root, "support", "We are sorry.", "申し訳ございません。")
    update(root)
    path = po(root, "support")
    path.write_text(damage(path.read_text()))

    assert update(root, "--check", "support") == 1

    assert complaint in capsys.readouterr().err


def test_check_refuses_a_lost_placeholder(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    update(root)
    translate(root, "accounts", "Hello %(name)s", "%(nama)sさん")
    translate(root, "accounts", "%(n)s days", "日", keyword="msgstr[0]")
    update(root)

    assert update(root, "--check", "accounts") == 1

    complaints = capsys.readouterr().err
    assert "placeholders differ: 'Hello %(name)s'" in complaints
    assert "placeholders differ: '%(n)s days'" in complaints
