"""What an app carries between two steps of something: sealed, for one purpose, for one holder, until a moment.

The server keeps nothing of it. Who holds the text can neither read nor change it, and it is worthless at another step
and, where the holder is a device's key, without that key.
"""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

from cryptography.fernet import InvalidToken

from wallet_site.crypto import decrypt, encrypt, equal


def seal(purpose: str, *, holder: str, lifetime: timedelta, **facts: Any) -> str:
    """A text that `unseal` reads for the same purpose and holder, for as long as `lifetime`."""
    ends_at = time.time() + lifetime.total_seconds()
    return encrypt(json.dumps({purpose: {"holder": holder, "ends_at": ends_at, "facts": facts}}))


def unseal(text: str, purpose: str, *, holder: str) -> dict[str, Any] | None:
    """The facts; None for what is cut, forged, over, or made for another purpose or holder."""
    try:
        # The same keys seal other secrets: the name of the purpose tells this one from them.
        found: dict[str, Any] = json.loads(decrypt(text))[purpose]
        is_ours = equal(found["holder"], holder) and found["ends_at"] > time.time()
    except (InvalidToken, ValueError, TypeError, KeyError):
        return None
    facts: dict[str, Any] = found["facts"]
    return facts if is_ours else None
