"""A WSGI layer that signs each request as a phone, a till or a merchant, after whatever generator has written it."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from django.conf import settings
from http_message_signatures import HTTPMessageSignaturesException

from payments.api.signatures import signed_headers
from tests.api_client import Phone
from tests.payments.books import Counter


class Signing:
    """`app`, with the proof of a device key, a token or a terminal's signature added to what is sent.

    Paths below /api/v1/terminal are the till's, those below /api/v1/merchant its merchant's. The network is the
    phone's own, so that limits are.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], phone: Phone, till: Counter, key: str) -> None:
        self.app, self.phone, self.till, self.key = app, phone, till, key

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["REMOTE_ADDR"] = self.phone.network
        if path.startswith("/api/v1/terminal"):
            headers = self._of_the_till(environ, method, path, body)
        elif path.startswith("/api/v1/merchant"):
            headers = {"Authorization": f"Merchant {self.key}"}
        else:
            headers = self._of_the_phone(method, path)
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return self.app(environ, start_response)

    def _of_the_phone(self, method: str, path: str) -> dict[str, str]:
        return self.phone.headers_for(method, path)

    def _of_the_till(self, environ: dict[str, Any], method: str, path: str, body: bytes) -> dict[str, str]:
        key = self.till.credentials
        sent = {"Authorization": f"Terminal {key.key_id}.{key.api_key}"}
        if method == "POST":
            sent["Content-Type"] = environ.get("CONTENT_TYPE", "")
            # A signature covers the key. One that the generator has left out stays out, where it would be needed:
            # at every address but that of one payment, which takes no POST.
            needed = not re.search(r"/payments/[^/]+$", path)
            sent["Idempotency-Key"] = environ.get(
                "HTTP_IDEMPOTENCY_KEY", "" if needed else secrets.token_hex(12)
            )
            if not sent["Idempotency-Key"]:
                return sent
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        try:
            return signed_headers(
                method=method,
                url=settings.PUBLIC_URL + quote(path) + query,
                body=body if method == "POST" else None,
                headers=sent,
                key_id=key.key_id,
                secret=key.signing_secret,
                nonce=secrets.token_hex(12),
            )
        except HTTPMessageSignaturesException:
            return sent  # No till could sign this (a header with control characters): it goes out unsigned.
