"""Passwords known from leaks, asked of a range service: it learns five characters of a hash, never the password.

The protocol is that of Have I Been Pwned (k-anonymity): GET <url><first five hex digits of the SHA-1>, answered with
lines of "<the other thirty-five>:<count>". Off unless `BREACHED_PASSWORDS_URL` is set; the lists in the box are always
asked.
"""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from wallet_site.errors import Unavailable

log = structlog.get_logger(__name__)


class BreachedPasswordValidator:
    """Refuses a password that the range service has seen in a leak."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise `ValidationError` for a known one, `Unavailable` when the service cannot be asked.

        Nothing is let through unasked (requirement 46): an operator who cannot rely on the service leaves it off.
        """
        if settings.BREACHED_PASSWORDS_URL and _is_known(password):
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        return _("This password is known from a leak: others have it on their lists. Choose another one.")


def _is_known(password: str) -> bool:
    # SHA-1 is the service's key, and protects nothing here.
    sha1 = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    for line in _range(sha1[:5]).splitlines():
        rest, _colon, count = line.strip().partition(":")
        # Padding lines count zero.
        if rest.upper() == sha1[5:] and count.strip() != "0":
            return True
    return False


def _range(prefix: str) -> str:
    try:
        answer = httpx.get(
            settings.BREACHED_PASSWORDS_URL + prefix,
            headers={"Add-Padding": "true"},
            timeout=settings.BREACHED_PASSWORDS_TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        log.error("breached_passwords_cannot_be_asked", error=repr(error))
        raise Unavailable from error
    return answer.text
