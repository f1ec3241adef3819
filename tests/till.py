"""A store's till for tests: its API key and its signature on every request, in process or against a running server.

till = Till(open_counter(), url=live_portal.url)
till.take(digits, 842).json()["approved"]
till.refund(payment_id, 300)
"""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.conf import settings
from django.test import Client

from payments.api.signatures import signed_headers
from tests.api_client import Answer
from tests.payments.books import Counter
from tests.people import fresh_network


@dataclass
class Till:
    """One terminal on a counter."""

    counter: Counter
    url: str = ""
    network: str = field(default_factory=fresh_network)
    # Seconds after which it gives an answer up.
    patience: float = 30
    _http: httpx.Client | None = field(default=None, repr=False)

    def take(self, digits: str, amount: int, *, key: str = "", reference: str = "") -> Answer:
        body = {
            "code": digits,
            "amount": amount,
            "currency": "JPY",
            "reference": reference or f"sale-{uuid.uuid4().hex[:12]}",
        }
        return self.request("POST", "/api/v1/terminal/payments", body, key=key)

    def refund(self, payment_id: str, amount: int, *, key: str = "") -> Answer:
        return self.request(
            "POST", f"/api/v1/terminal/payments/{payment_id}/refunds", {"amount": amount}, key=key
        )

    def find(self, reference: str) -> Answer:
        return self.request("GET", f"/api/v1/terminal/payments?reference={reference}")

    def request(self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Answer:
        """Send one signed request."""
        credentials = self.counter.credentials
        headers = {
            "Authorization": f"Terminal {credentials.key_id}.{credentials.api_key}",
            "Accept-Language": "ja",
        }
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": key or str(uuid.uuid4())}
        headers = signed_headers(
            method=method,
            url=settings.PUBLIC_URL + path,
            body=content,
            headers=headers,
            key_id=credentials.key_id,
            secret=credentials.signing_secret,
            nonce=secrets.token_hex(12),
        )
        if self.url:
            if self._http is None:
                self._http = httpx.Client(timeout=self.patience)
            response = self._http.request(method, self.url + path, content=content, headers=headers)
            return Answer(response.status_code, dict(response.headers), response.content)
        client = Client(raise_request_exception=False, REMOTE_ADDR=self.network)
        kind = headers.pop("Content-Type", "application/json")
        found = client.generic(method, path, content or b"", content_type=kind, headers=headers)
        return Answer(
            found.status_code, {name.lower(): value for name, value in found.items()}, found.content
        )
