"""Whom a request is for."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User
from wallet_site.errors import NotSignedIn


def customer_of(request: HttpRequest) -> User:
    """The signed-in customer; the access middleware has let nobody else in, and this closes if it ever did."""
    user = request.user
    if not isinstance(user, User) or user.kind != User.Kind.CUSTOMER:
        raise NotSignedIn
    return user
