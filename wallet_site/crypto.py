"""Secrets at rest and in transit: encrypted fields, look-up digests, random tokens.

Fernet (AES-128-CBC with HMAC-SHA256) by `cryptography`, keys rotatable: the first of `FIELD_ENCRYPTION_KEYS`
encrypts, all of them decrypt. Digests are HMAC-SHA256 under `LOOKUP_KEY`, so that a stolen database alone finds none.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(plain: str) -> str:
    """Encrypt a secret with the newest key."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(plain.encode()).decode()


def decrypt(token: str) -> str:
    """The secret again; raises `cryptography.fernet.InvalidToken` when no key fits or a bit was changed."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()


def renew(token: str) -> str:
    """The same secret under the newest key; raises `InvalidToken` when no key fits."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).rotate(token.encode()).decode()


def digest(value: str, purpose: str) -> bytes:
    """32 bytes by which a secret is looked up. Another `purpose` gives another digest of the same value."""
    return hmac.new(settings.LOOKUP_KEY.encode(), f"{purpose}\0{value}".encode(), hashlib.sha256).digest()


def new_token(bits: int = 256) -> str:
    """A random urlsafe text of at least `bits` bits."""
    return secrets.token_urlsafe((bits + 7) // 8)


def equal(left: str | bytes, right: str | bytes) -> bool:
    """Compare without telling by time where they differ."""
    as_bytes = [value.encode() if isinstance(value, str) else value for value in (left, right)]
    return hmac.compare_digest(as_bytes[0], as_bytes[1])


if TYPE_CHECKING:
    # To the type checker it is a text field like any other, nullable or not.
    EncryptedTextField = models.TextField
else:

    class EncryptedTextField(models.TextField):
        """Text that lies encrypted in the database and is plain in Python. It cannot be searched."""

        is_encrypted = True

        def get_prep_value(self, value: Any) -> Any:
            return None if value is None else encrypt(str(value))

        def from_db_value(self, value: str | None, _expression: object, _connection: object) -> str | None:
            return None if value is None else decrypt(value)
