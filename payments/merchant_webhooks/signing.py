"""The headers of Standard Webhooks: a stable id, the time of the try, and a signature by each live secret."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook


def new_secret() -> str:
    """256 random bits in the form that every library of the standard reads."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def webhook_id(message_id: str) -> str:
    """The same for every try and every replay, so that a receiver can tell a repeat; without a dot, which parts what
    is signed."""
    return "msg_" + re.sub(r"[^0-9a-z]+", "_", message_id.strip("<>").partition("@")[0].lower())


def headers(body: str, *, message_id: str, secret_texts: Sequence[str], at: datetime) -> dict[str, str]:
    """What goes with `body`. While a secret is being rotated both sign, and either one verifies."""
    name = webhook_id(message_id)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(name, at, body) for secret in secret_texts),
    }
