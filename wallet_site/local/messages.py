"""Collects the sentences a person sees, and compiles their Japanese: `make messages`, `make messages area=payments`.

GNU gettext is not on a bare machine, so Babel reads the sources. Every area keeps one catalog,
`<area>/locale/ja/LC_MESSAGES/django.po`, beside the compiled `django.mo` that Django loads; both are committed.
Running it twice changes nothing. Translations are never dropped: a sentence that moves to another area takes its
translation along, and one that vanishes is kept at the end of the file (`#~`) until `--prune` removes it.

`--check` writes nothing and fails on a missing or fuzzy translation, a placeholder that differs between a sentence
and its translation, and on a catalog that does not match the sources.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
LOCALE = "ja"
FALLBACK_AREA = "wallet_site"
AREAS = ("accounts", "payments", "support", FALLBACK_AREA)
# Template folders that do not carry the name of the area that writes them.
TEMPLATE_AREAS = {"admin": "support", "two_factor": "accounts"}
TEMPLATE_SUFFIXES = {".html", ".txt", ".xml", ".svg"}
# Functions that mark a sentence: whether they take a context, whether they take a plural.
KEYWORDS = {
    "_": (False, False),
    "gettext": (False, False),
    "gettext_lazy": (False, False),
    "gettext_noop": (False, False),
    "ngettext": (False, True),
    "ngettext_lazy": (False, True),
    "pgettext": (True, False),
    "pgettext_lazy": (True, False),
    "npgettext": (True, True),
    "npgettext_lazy": (True, True),
}
HEADER = """\
# Kakehashi in Japanese. Polite (です・ます), as a customer of a Japanese wallet expects.
# Updated and compiled by `make messages`; translate here, leave the msgids to the sources.
#"""
PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|(?<![%\w])%[sd]|\{\w*(?::[^{}]*)?\}")

Key = tuple[str | None, str]


class AreaCatalog(Catalog):
    """A catalog whose header says nothing that changes from run to run (dates, versions of tools)."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "kakehashi"),
            ("Language", LOCALE),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", "nplurals=1; plural=0;"),
        ]


def area_of(path: Path) -> str | None:
    """The area whose catalog holds the sentences of this file (relative to the root), or None for no area."""
    first, *rest = path.parts
    if first != "templates":
        return first if first in AREAS else None
    folder = rest[0]
    if folder == "emails" and len(rest) > 1:
        # emails/accounts_signed_in_body.txt and emails/accounts/signed_in_body.txt are both of accounts.
        folder = re.split(r"[_/.]", "/".join(rest[1:]))[0]
    return folder if folder in AREAS else TEMPLATE_AREAS.get(folder, FALLBACK_AREA)


def sources(root: Path) -> Iterator[tuple[str, Path]]:
    """Every Python file and template that may hold sentences, with its area, in a stable order."""
    for top in ("templates", *AREAS):
        for path in sorted((root / top).rglob("*")):
            if path.suffix != ".py" and (top != "templates" or path.suffix not in TEMPLATE_SUFFIXES):
                continue
            area = area_of(path.relative_to(root))
            if area and path.is_file():
                yield area, path


def python_text(path: Path) -> str:
    """The file as Python source for the extractor; a template becomes the gettext calls it stands for."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    # templatize() keeps the template's indentation, which means nothing, but which Python's tokenizer refuses.
    return "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())


def extract(path: Path) -> Iterator[tuple[str | tuple[str, str], str | None, list[str]]]:
    """(sentence, or singular and plural; context; comments for the translator) for each call of gettext."""
    text = python_text(path)
    if path.suffix == ".py":
        ast.parse(text, filename=str(path))
    stream = io.BytesIO(text.encode())
    keywords: dict[str, Any] = dict.fromkeys(KEYWORDS)
    calls: Iterable[Any] = extract_python(stream, keywords, ["Translators:"], {})
    for _line, function, found, comments in calls:
        has_context, has_plural = KEYWORDS[str(function)]
        values: list[Any] = list(found) if isinstance(found, tuple) else [found]
        context = values.pop(0) if has_context else None
        strings = [value for value in values[: 1 + has_plural] if isinstance(value, str) and value]
        if len(strings) < 1 + has_plural or (has_context and not isinstance(context, str)):
            continue  # A variable, not a sentence: nothing to translate here.
        yield ((strings[0], strings[1]) if has_plural else strings[0]), context, list(comments or [])


def key_of(message: Message) -> Key:
    return (message.context, message.id if isinstance(message.id, str) else message.id[0])


def read_catalog(root: Path, area: str) -> Catalog:
    path = catalog_path(root, area)
    if not path.exists():
        return Catalog(locale=LOCALE)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def catalog_path(root: Path, area: str) -> Path:
    return root / area / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def translations(catalogs: Iterable[Catalog]) -> dict[Key, Message]:
    """All that was ever translated, vanished sentences included; earlier catalogs win."""
    known: dict[Key, Message] = {}
    for catalog in catalogs:
        for message in [*catalog, *catalog.obsolete.values()]:
            if message.id and any(strings_of(message)):
                known.setdefault(key_of(message), message)
    return known


def strings_of(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or [])


def build(root: Path, areas: Iterable[str] = AREAS, *, prune: bool = False) -> dict[str, AreaCatalog]:
    """The catalogs as the sources want them, with every translation that is known."""
    old = {area: read_catalog(root, area) for area in AREAS}
    new = {area: AreaCatalog(locale=LOCALE, header_comment=HEADER, fuzzy=False) for area in areas}
    known = {area: translations([old[area], *old.values()]) for area in new}
    for area, path in sources(root):
        if area not in new:
            continue
        for sentence, context, comments in extract(path):
            add(new[area], sentence, context, comments, known[area])
    if not prune:
        for area, catalog in new.items():
            live = {key_of(message) for message in catalog if message.id}
            for key, message in translations([old[area]]).items():
                if key not in live:
                    catalog.obsolete[catalog._key_for(message.id, message.context)] = message
    return new


def add(
    catalog: AreaCatalog,
    sentence: str | tuple[str, str],
    context: str | None,
    comments: list[str],
    known: dict[Key, Message],
) -> None:
    plural = isinstance(sentence, tuple)
    message = known.get((context, sentence[0] if isinstance(sentence, tuple) else sentence))
    strings = strings_of(message) if message else [""]
    catalog.add(
        sentence,
        (strings[0],) if plural else strings[0],
        context=context,
        auto_comments=comments,
        user_comments=message.user_comments if message else (),
        flags={"fuzzy"} if message and message.fuzzy else set(),
    )


def po_bytes(catalog: Catalog) -> bytes:
    stream = io.BytesIO()
    write_po(stream, catalog, width=110, no_location=True, sort_output=True)
    return stream.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def write(root: Path, catalogs: dict[str, AreaCatalog]) -> list[Path]:
    """Writes what differs and returns it."""
    changed = []
    for area, catalog in catalogs.items():
        po = catalog_path(root, area)
        if not catalog and not po.exists():
            continue
        po.parent.mkdir(parents=True, exist_ok=True)
        for path, content in ((po, po_bytes(catalog)), (po.with_suffix(".mo"), mo_bytes(catalog))):
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
                changed.append(path)
    return changed


def problems(root: Path, catalogs: dict[str, AreaCatalog]) -> Iterator[str]:
    """One line for everything a reviewer would send back."""
    for area, catalog in catalogs.items():
        po = catalog_path(root, area)
        for message in catalog:
            if message.id:
                yield from (f"{area}: {problem}" for problem in message_problems(message))
        if catalog and (
            not po.exists()
            or po.read_bytes() != po_bytes(catalog)
            or not po.with_suffix(".mo").exists()
            or po.with_suffix(".mo").read_bytes() != mo_bytes(catalog)
        ):
            yield f"{area}: the catalog does not match the sources; run `make messages`"


def message_problems(message: Message) -> Iterator[str]:
    """Missing, fuzzy, or with other placeholders than the sentence has (those of the plural, where it has one)."""
    sentence = message.id if isinstance(message.id, str) else message.id[-1]
    translated = strings_of(message)
    if not all(translated) or not translated:
        yield f"not translated: {sentence!r}"
    elif message.fuzzy:
        yield f"marked fuzzy: {sentence!r}"
    else:
        wanted = sorted(PLACEHOLDER.findall(sentence))
        for text in translated:
            if sorted(PLACEHOLDER.findall(text)) != wanted:
                yield f"placeholders differ: {sentence!r} and {text!r}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m wallet_site.local.messages", description=__doc__)
    parser.add_argument(
        "areas", nargs="*", metavar="area", help=f"of {', '.join(AREAS)}; all when none is named"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail on what is wrong")
    parser.add_argument("--prune", action="store_true", help="drop translations whose sentence is gone")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    unknown = set(options.areas) - set(AREAS)
    if unknown:
        parser.error(f"no such area: {', '.join(sorted(unknown))}")
    catalogs = build(options.root, options.areas or AREAS, prune=options.prune)
    if options.check:
        found = list(problems(options.root, catalogs))
        print("\n".join(found) or "Every sentence is translated.", file=sys.stderr if found else sys.stdout)
        return 1 if found else 0
    for path in write(options.root, catalogs):
        print(f"wrote {path.relative_to(options.root)}")
    for area, catalog in catalogs.items():
        missing = [message for message in catalog if message.id and list(message_problems(message))]
        if missing:
            print(f"{area}: {len(missing)} of {len(catalog)} sentences want a translator")
            for message in missing:
                print("  " + next(message_problems(message)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
