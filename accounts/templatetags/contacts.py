"""`{% load contacts %}`: addresses and numbers as people write them."""

from __future__ import annotations

from django import template

from accounts.phone_numbers import show_phone

register = template.Library()


@register.filter
def contact(value: str) -> str:
    """`{{ "+819012345678"|contact }}` -> 090-1234-5678; an address stays as it is."""
    return show_phone(value) if value.startswith("+") and value[1:].isdigit() else value
