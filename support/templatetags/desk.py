"""Filters of the desk's pages."""

from __future__ import annotations

from django import template

from accounts.addresses import mask
from support.roles import words_of

register = template.Library()


@register.filter
def masked(value: str | None) -> str:
    """An address or a phone number, recognisable but not readable; a dash for none."""
    return mask(value) if value else "–"


register.filter("right_words", words_of)
