"""`Idempotency-Key`: the same request twice does its work once.

Modelled on draft-ietf-httpapi-idempotency-key-header. Two forms:

- `once(...)` for work that is one database transaction: claim, work and stored answer commit together, so a crash
  leaves either all of them or none.
- Work that calls somebody else in the middle (a top-up) keeps the key on its own row instead; see payments.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from wallet_site.errors import Conflict, InvalidInput, Problem
from wallet_site.idempotency.models import AnsweredRequest

_KEY = re.compile(r"^[\x21-\x7e]{8,255}$")


class KeyMissing(Problem):
    """A request that moves money came without its key."""

    code = "idempotency-key-missing"
    status = 400
    title = _("Idempotency-Key is missing")
    detail = _(
        "Send a new random Idempotency-Key (8 to 255 characters) and repeat it when you repeat the request."
    )


class KeyInFlight(Conflict):
    """The first request with this key is still being worked on."""

    code = "idempotency-key-in-flight"
    detail = _("The first request with this key is still running. Repeat it in a moment.")


class KeyReused(InvalidInput):
    """The key was used for another request."""

    code = "idempotency-key-reused"
    detail = _("This Idempotency-Key was used for a different request. Use a new one.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller gets, the first time and every time after."""

    status: int
    body: dict[str, Any]
    repeated: bool = False


def valid_key(header: str | None) -> str:
    """The key from the header (quotes of a structured field are taken off), or `KeyMissing`."""
    key = (header or "").strip().strip('"')
    if not _KEY.match(key):
        raise KeyMissing
    return key


def fingerprint(*parts: str | bytes) -> bytes:
    """A digest of everything that makes two requests the same: method, path, body."""
    whole = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        whole.update(len(raw).to_bytes(8, "big") + raw)
    return whole.digest()


def once(*, caller: str, key: str, request_fingerprint: bytes, work: Callable[[], Answer]) -> Answer:
    """Run `work` once per caller and key, inside the caller's transaction; a repeat returns the stored answer.

    Raises `KeyInFlight` while another transaction holds the key and `KeyReused` when the fingerprint differs. An
    error out of `work` rolls the claim back with everything else: the same key may be tried again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"{caller} {key}"])
        if not cursor.fetchone()[0]:
            raise KeyInFlight(retry_after=1)
    earlier = AnsweredRequest.objects.filter(caller=caller, key=key).first()
    if earlier is not None:
        if bytes(earlier.fingerprint) != request_fingerprint:
            raise KeyReused
        return Answer(earlier.status, earlier.body, repeated=True)
    answer = work()
    AnsweredRequest.objects.create(
        caller=caller, key=key, fingerprint=request_fingerprint, status=answer.status, body=answer.body
    )
    return answer
