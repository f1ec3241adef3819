"""Requests signed by a terminal: HTTP Message Signatures (RFC 9421) with hmac-sha256, in one strict profile.

The signature covers method, whole address, the API key's header and, where there is a body, its digest (RFC 9530) and
the Idempotency-Key. It names the terminal (`keyid`), is at most five minutes old (`created`), carries a `nonce` that is
taken once, and the tag `kakehashi-terminal`, so that a signature made for something else never fits here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)
from http_message_signatures.algorithms import HMAC_SHA256

from wallet_site import ratelimit

TAG: Final = "kakehashi-terminal"
LARGEST_AGE: Final = timedelta(minutes=5)
LONGEST_NONCE: Final = 64
_ALWAYS: Final = ("@method", "@target-uri", "authorization")
_WITH_BODY: Final = (*_ALWAYS, "content-digest", "content-type", "idempotency-key")


class _OneKey(HTTPSignatureKeyResolver):
    """The secret of the one terminal whose API key came with the request."""

    def __init__(self, key_id: str, secret: str) -> None:
        self.key_id = key_id
        self.secret = secret.encode()

    def resolve_public_key(self, key_id: str) -> bytes:
        if key_id != self.key_id:
            raise InvalidSignature("the signature names another terminal")
        return self.secret

    resolve_private_key = resolve_public_key


@dataclass
class Message:
    """A request as the library reads it."""

    method: str
    url: str
    headers: dict[str, str]


def verify(request: HttpRequest, *, key_id: str, secret: str) -> None:
    """Raise `InvalidSignature` unless the request is signed, whole, fresh and new; `Unavailable` without Redis.

    The address is put together from our own settings: what a request says of its host does not count.
    """
    message = Message(
        method=request.method or "",
        url=settings.PUBLIC_URL + request.get_full_path(),
        headers=dict(request.headers),
    )
    has_body = request.method == "POST"
    verifier = HTTPMessageVerifier(signature_algorithm=HMAC_SHA256, key_resolver=_OneKey(key_id, secret))
    results = verifier.verify(
        message,
        max_age=LARGEST_AGE,
        expect_tag=TAG,
        require_components=_WITH_BODY if has_body else _ALWAYS,
        body=request.body if has_body else None,
    )
    nonce = results[0].nonce or ""
    if not 16 <= len(nonce) <= LONGEST_NONCE:
        raise InvalidSignature("a nonce of 16 to 64 characters is needed")
    remember = int(2 * LARGEST_AGE.total_seconds())
    if not ratelimit.first_use("terminal-nonce", f"{key_id}:{nonce}", remember_seconds=remember):
        raise InvalidSignature("this request was seen before")


def signed_headers(
    *,
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    key_id: str,
    secret: str,
    nonce: str,
) -> dict[str, str]:
    """What a terminal does: `headers` plus Content-Digest, Signature-Input and Signature."""
    message = Message(method=method, url=url, headers=dict(headers))
    signer = HTTPMessageSigner(signature_algorithm=HMAC_SHA256, key_resolver=_OneKey(key_id, secret))
    covered = _ALWAYS if body is None else tuple(name for name in _WITH_BODY if name != "content-digest")
    signer.sign(
        message, key_id=key_id, nonce=nonce, tag=TAG, label="till", covered_component_ids=covered, body=body
    )
    return message.headers
