"""What a page's script does about passkeys: asks the page for its question, and sends the authenticator's answer."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.authenticator import Authenticator


def ask(client: Client, url: str, **fields: str) -> dict[str, Any]:
    """The question: the sealed `ceremony` and the authenticator's `options`."""
    answer = client.post(url, {"passkey_options": "yes"} | fields, HTTP_ACCEPT="application/json")
    assert answer.status_code == 200, answer.content
    asked: dict[str, Any] = answer.json()
    return asked


def make(client: Client, url: str, device: Authenticator, **fields: str) -> Any:
    """Make a passkey on `device`, as the page at `url` asks."""
    asked = ask(client, url, **fields)
    credential = device.create(asked["options"])
    return client.post(url, {"ceremony": asked["ceremony"], "credential": credential} | fields)


def use(client: Client, device: Authenticator, url: str, prefix: str = "", **fields: str) -> Any:
    """Sign with the passkey of `device`, as the page at `url` asks."""
    asked = ask(client, url, **fields)
    credential = device.get(asked["options"])
    return client.post(
        url, {f"{prefix}ceremony": asked["ceremony"], f"{prefix}credential": credential} | fields
    )
