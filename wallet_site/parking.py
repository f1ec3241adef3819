"""A POST that has to wait until somebody has confirmed that it is them: kept in the session, then sent again.

Encrypted, as the sessions' table is no place for what people type in clear; without passwords, which are typed again;
for ten minutes. It is the browser that sends it again, as the same form: every check is made as if for the first time.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Final

from cryptography.fernet import InvalidToken
from django.http import HttpRequest

from wallet_site.crypto import decrypt, encrypt, new_token

KEPT_SECONDS: Final = 600
_KEY: Final = "parked_posts"
_MOST_POSTS: Final = 3
# A form's worth. What is larger is not kept: the way then leads back to the empty form.
_MOST_CHARACTERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class ParkedPost:
    """Where a form was sent to, and what was in it."""

    path: str
    fields: list[tuple[str, str]]


def park(request: HttpRequest) -> str:
    """Keep what was posted; returns the name to ask for it by, "" when it is too much to keep."""
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken" and "password" not in name
        for value in values
    ]
    text = json.dumps(
        {"path": request.get_full_path(), "fields": fields, "until": time.time() + KEPT_SECONDS}
    )
    if len(text) > _MOST_CHARACTERS:
        return ""
    name = new_token(128)
    kept: dict[str, str] = request.session.get(_KEY, {})
    newest = list(kept.items())[-(_MOST_POSTS - 1) :]
    request.session[_KEY] = dict([*newest, (name, encrypt(text))])
    return name


def parked(request: HttpRequest, name: str) -> ParkedPost | None:
    """What was kept under `name` in this very session; None for what is unknown or too old. It stays there."""
    sealed = request.session.get(_KEY, {}).get(name)
    if not isinstance(sealed, str):
        return None
    try:
        kept: dict[str, Any] = json.loads(decrypt(sealed))
    except (InvalidToken, ValueError):
        return None
    if kept["until"] <= time.time():
        return None
    return ParkedPost(kept["path"], [(field, value) for field, value in kept["fields"]])
