"""Filters of the desk's pages."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy as _

from accounts.addresses import mask
from support.roles import words_of
from wallet_site.money import format_money

register = template.Library()
_MOVEMENTS = {
    "charge": _("Charge"),
    "refund": _("Refund"),
    "dispute": _("Dispute"),
    "dispute_won": _("Dispute won"),
    "payout": _("Payout"),
    "fee": _("Fee"),
}


@register.filter
def masked(value: str | None) -> str:
    """An address or a phone number, recognisable but not readable; a dash for none."""
    return mask(value) if value else "–"


@register.filter
def movement_words(kind: str) -> str:
    """What a line of a settlement file is about."""
    return str(_MOVEMENTS.get(kind, _("Something else")))


@register.filter
def amount_in(amount_minor: int, currency: str) -> str:
    """A signed amount as a processor's file has it: also in a currency that the portal does not hold."""
    try:
        return format_money(amount_minor, currency, signed=True)
    except KeyError:
        return f"{amount_minor:+,} {currency}"


register.filter("right_words", words_of)
