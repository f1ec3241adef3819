"""The server's nonces for DPoP proofs (RFC 9449, 8): the minute of our clock, signed. Nothing of them is kept.

The same for everybody within one minute and good for five: a nonce proves when a proof was made, not by whom. That each
proof counts once is its `jti`'s matter.
"""

from __future__ import annotations

import time
from typing import Final

from wallet_site.crypto import digest, equal

HEADER: Final = "DPoP-Nonce"
NONCE_LIFETIME_SECONDS: Final = 300
_MINUTE: Final = 60


def fresh_nonce() -> str:
    """This minute's."""
    return _nonce_of(int(time.time()) // _MINUTE)


def is_live(nonce: str) -> bool:
    """Whether it is one of ours of the last five minutes."""
    now = int(time.time()) // _MINUTE
    if not nonce.isascii():
        return False
    return any(equal(nonce, _nonce_of(now - age)) for age in range(NONCE_LIFETIME_SECONDS // _MINUTE))


def _nonce_of(minute: int) -> str:
    return digest(str(minute), "dpop-nonce").hex()[:32]
