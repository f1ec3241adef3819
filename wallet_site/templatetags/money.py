"""`{% load money %}`: amounts in templates, the same everywhere."""

from __future__ import annotations

from django import template

from wallet_site.money import format_money

register = template.Library()


@register.filter
def money(amount_minor: int, currency: str = "JPY") -> str:
    """`{{ 1234|money }}` -> ¥1,234."""
    return format_money(amount_minor, currency)


@register.filter
def signed_money(amount_minor: int, currency: str = "JPY") -> str:
    """`{{ -842|signed_money }}` -> −¥842, `{{ 3200|signed_money }}` -> +¥3,200."""
    return format_money(amount_minor, currency, signed=True)
