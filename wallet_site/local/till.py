"""A store's till for demos and tests: speaks to the real terminal API over HTTP, signed as a real one would be."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from django.conf import settings

from payments.actions.merchants import API_KEY_PURPOSE, TerminalCredentials
from payments.api.signatures import signed_headers
from payments.models import Store, Terminal
from wallet_site.actor import Actor
from wallet_site.crypto import digest
from wallet_site.transactions import recorded

TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class TillAnswer:
    """What came back: the status and the body, whatever they are."""

    status: int
    body: dict[str, Any]

    @property
    def approved(self) -> bool:
        return self.status == 201 and bool(self.body.get("approved", True))


class Till:
    """One terminal with its credentials. Every call is a request of its own; nothing is kept between them."""

    def __init__(self, credentials: TerminalCredentials, *, base_url: str = "", language: str = "en") -> None:
        self.credentials = credentials
        self.base_url = base_url or settings.PUBLIC_URL
        self.language = language

    def take(self, *, code: str, amount_minor: int, reference: str = "", key: str = "") -> TillAnswer:
        """Take a payment. The same `key` and values again are a repeat."""
        body = {
            "code": code,
            "amount": amount_minor,
            "currency": "JPY",
            "reference": reference or f"sale-{secrets.token_hex(6)}",
        }
        return self._post("/api/v1/terminal/payments", body, key)

    def refund(self, payment_id: str, *, amount_minor: int, key: str = "") -> TillAnswer:
        """Give back a part of a payment."""
        return self._post(f"/api/v1/terminal/payments/{payment_id}/refunds", {"amount": amount_minor}, key)

    def find(self, reference: str) -> TillAnswer:
        """What became of the sale with this reference."""
        url = httpx.URL(f"{self.base_url}/api/v1/terminal/payments", params={"reference": reference})
        return self._send("GET", str(url), None, {})

    def _post(self, path: str, body: dict[str, Any], key: str) -> TillAnswer:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or str(uuid4())}
        return self._send("POST", self.base_url + path, json.dumps(body).encode(), headers)

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> TillAnswer:
        response = httpx.request(
            method,
            url,
            content=body,
            headers=self.signed(method, url, body, headers),
            timeout=TIMEOUT_SECONDS,
        )
        return TillAnswer(response.status_code, response.json())

    def signed(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> dict[str, str]:
        """`headers` with everything that proves who asks."""
        mine = headers | {
            "Accept-Language": self.language,
            "Authorization": f"Terminal {self.credentials.key_id}.{self.credentials.api_key}",
        }
        return signed_headers(
            method=method,
            url=url,
            body=body,
            headers=mine,
            key_id=self.credentials.key_id,
            secret=self.credentials.signing_secret,
            nonce=secrets.token_urlsafe(18),
        )


def demo_till(store: Store, *, language: str = "en") -> Till:
    """The demo till of a store, made when first needed. Its secrets follow from this installation's LOOKUP_KEY."""
    credentials = TerminalCredentials(
        key_id=f"demo-till-{store.pk}",
        api_key=digest(store.public_id.hex, "demo-till-api-key").hex(),
        signing_secret=digest(store.public_id.hex, "demo-till-signing-secret").hex(),
    )
    if not Terminal.objects.filter(key_id=credentials.key_id).exists():
        with recorded(Actor.system("demo_till")):
            Terminal.objects.get_or_create(
                key_id=credentials.key_id,
                defaults={
                    "store": store,
                    "name": "demo",
                    "api_key_digest": digest(credentials.api_key, API_KEY_PURPOSE),
                    "signing_secret": credentials.signing_secret,
                },
            )
    return Till(credentials, language=language)
