"""Filling the hosted pages' templates. Every value is escaped unless it is `Markup` made here."""

import html
from collections.abc import Mapping
from functools import cache
from importlib import resources
from string import Template

from .texts import MERCHANT, TEXTS


class Markup(str):
    """HTML that is already safe."""

    __slots__ = ()


@cache
def _template(name: str) -> Template:
    return Template(resources.files(__package__).joinpath(f"templates/{name}.html").read_text("utf-8"))


def words(language: str) -> dict[str, str]:
    """The texts of a language with the merchant's name filled in."""
    return {key: text.replace("{merchant}", MERCHANT) for key, text in TEXTS[language].items()}


def fill(name: str, language: str, values: Mapping[str, str]) -> Markup:
    """A template with the language's texts as `t_<key>` and the given values."""
    safe = {f"t_{key}": html.escape(text) for key, text in words(language).items()}
    for key, value in values.items():
        safe[key] = value if isinstance(value, Markup) else html.escape(value)
    return Markup(_template(name).substitute(safe))


def page(language: str, title: str, content: Markup, *, is_error: bool = False) -> bytes:
    """A whole page."""
    shown = f"{TEXTS[language]['error_prefix']} {title}" if is_error else title
    return fill("base", language, {"language": language, "title": shown, "content": content}).encode()


def error_summary(language: str, field: str, message: str) -> Markup:
    """The box above a form that leads to the field in error; nothing without a message."""
    return fill("error_summary", language, {"field": field, "message": message}) if message else Markup("")


def text_field(
    language: str,
    name: str,
    *,
    value: str = "",
    hint: str = "",
    error: str = "",
    autocomplete: str,
    numeric: bool = False,
    width: str = "full",
) -> Markup:
    """A labelled input with its hint and error tied to it."""
    described = [f"{name}-hint"] if hint else []
    described += [f"{name}-error"] if error else []
    return fill(
        "field",
        language,
        {
            "name": name,
            "label": TEXTS[language][name],
            "value": value,
            "hint": Markup(f'<p class="hint" id="{name}-hint">{html.escape(hint)}</p>')
            if hint
            else Markup(""),
            "error": Markup(f'<p class="error" id="{name}-error">{html.escape(error)}</p>')
            if error
            else Markup(""),
            "described": Markup(f' aria-describedby="{" ".join(described)}"') if described else Markup(""),
            "invalid": Markup(' aria-invalid="true"') if error else Markup(""),
            "mode": "numeric" if numeric else "text",
            "autocomplete": autocomplete,
            "width": width,
        },
    )
