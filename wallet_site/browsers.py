"""Recognising a browser that has signed in here before, by a secret of its own in a cookie.

It says "seen before" and nothing else: it signs nobody in and stands in for no factor (requirement 15). The database
keeps a digest. The cookie is signed, so that nobody hands a browser a secret of their own choosing.
"""

from __future__ import annotations

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from wallet_site.crypto import digest, new_token

_SALT = "wallet_site.browsers"


def browser_of(request: HttpRequest) -> str:
    """The digest (hex) of the secret that this browser brings; "" for none, or for one that we did not give out."""
    secret = _secret_in(request)
    return digest_of(secret) if secret else ""


def recognise(request: HttpRequest) -> str:
    """The same for a browser that signs in: one without a secret is given one with the response."""
    secret = _secret_in(request) or new_token(256)
    request.browser_secret = secret  # type: ignore[attr-defined]
    return digest_of(secret)


def keep_secret(request: HttpRequest, response: HttpResponse) -> None:
    """Put the secret of a browser that has just signed in into its cookie, for another 400 days."""
    secret: str = getattr(request, "browser_secret", "")
    if secret:
        write_secret(response, secret)


def write_secret(response: HttpResponse, secret: str) -> None:
    """The cookie itself: for no script, no other site and no other host."""
    response.set_cookie(
        settings.BROWSER_COOKIE_NAME,
        Signer(salt=_SALT).sign(secret),
        max_age=settings.BROWSER_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _secret_in(request: HttpRequest) -> str:
    given = request.COOKIES.get(settings.BROWSER_COOKIE_NAME, "")
    if not given or len(given) > 200:
        return ""
    try:
        return Signer(salt=_SALT).unsign(given)
    except BadSignature:
        return ""


def digest_of(secret: str) -> str:
    """How a browser's secret lies in the database."""
    return digest(secret, "browser").hex()
