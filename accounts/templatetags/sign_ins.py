"""`{% load sign_ins %}`: networks and factors in words."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise

from accounts.places import place_of
from accounts.sign_in_history import FACTOR_WORDS

register = template.Library()


@register.filter
def place(network: str | None) -> str:
    """`{{ "203.0.113.7"|place }}` -> Tokyo, Japan; nothing where it is not known."""
    return place_of(network)


@register.filter
def factor_words(method: str) -> str | Promise:
    """`{{ "totp"|factor_words }}` -> Authenticator app."""
    return FACTOR_WORDS.get(method, method)
