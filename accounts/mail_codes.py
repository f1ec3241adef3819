"""Codes that prove an address or number: eight digits by mail or SMS, ten minutes, five tries.

They never authenticate anybody.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _

from wallet_site.crypto import digest
from wallet_site.errors import FieldError, InvalidInput

DIGITS: Final = 8
LIFETIME: Final = timedelta(minutes=10)
MAXIMUM_TRIES: Final = 5


class WrongMailCode(InvalidInput):
    """The code that was sent is not right, is too old or was tried too often."""

    code = "wrong-mail-code"

    def __init__(self) -> None:
        detail = _("The code is not right or no longer valid. Check the message, or ask for a new code.")
        super().__init__(detail, errors=[FieldError("/code", detail, self.code)])


def new_code() -> str:
    """Eight random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def code_digest(code: str, subject: object) -> bytes:
    """How a code lies in the database; the same digits give another digest for another `subject`."""
    return digest(f"{subject}:{code}", "mail-code")
