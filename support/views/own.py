"""How a member of staff signs in: their own passkeys, authenticator apps and recovery codes.

The pages are the customers' ones in the desk's frame, with the same actions behind them: what adds or takes away asks
for a fresh proof and is told to the address on file. The first factor comes from `make_staff` and nowhere else.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import queries
from accounts.views import credentials, factors
from accounts.views.pages import Place, signed_in_user
from support.views.access import desk_page, frame, page


@require_safe
@desk_page(None)
def own(request: HttpRequest) -> HttpResponse:
    """What they prove a second factor with, and what was changed lately."""
    security = queries.security_of(signed_in_user(request))
    return page(request, "support/own/own.html", title=_("How you sign in"), security=security)


def _at(title: Promise) -> Place:
    """The desk, under that title."""

    def titled(request: HttpRequest) -> dict[str, Any]:
        return {**frame(request), "title": title}

    return Place("admin:own", "support/own", titled)


passkey_add = desk_page(None)(partial(factors.passkey_add, place=_at(_("Add a passkey"))))
totp_add = desk_page(None)(partial(credentials.totp_add, place=_at(_("Add an authenticator app"))))
factor_rename = desk_page(None)(partial(factors.factor_rename, place=_at(_("Change the name"))))
factor_remove = desk_page(None)(partial(factors.factor_remove, place=_at(_("Remove a second factor"))))
recovery_codes = desk_page(None)(partial(credentials.recovery_codes, place=_at(_("Recovery codes"))))
