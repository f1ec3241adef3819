"""Every way to name an address without having proven anything: what must not tell who has an account.

`ways()` gives each, by page and by app, as a function of an address. Each call is a fresh browser or phone in a network
of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from tests.api_client import Phone
from tests.people import anonymous_client

WRONG = "not the password of anybody"


@dataclass(frozen=True)
class Told:
    """What somebody outside sees."""

    status: int
    body: bytes


Way = Callable[[str], Told]


def ways() -> dict[str, Way]:
    """By name: what is asked, and where."""
    return {
        "page: sign in": _page(
            "sign_in", "auth-email", **{"sign_in_view-current_step": "auth", "auth-password": WRONG}
        ),
        "page: reset": _page("reset"),
        "page: sign up": _page("sign_up"),
        "page: lock": _page("lock"),
        "page: recover": _page("recovery_ask"),
        "app: sign in": _app("sign-in", password=WRONG, device_name="Phone"),
        "app: reset": _app("password-reset"),
        "app: sign up": _app("sign-up", language="en"),
        "app: lock": _app("lock"),
        "app: recover": _app("recovery/ask"),
    }


def _page(name: str, field: str = "email", **more: str) -> Way:
    def ask(address: str) -> Told:
        answer = anonymous_client().post(reverse(f"accounts:{name}"), {field: address, **more})
        return Told(answer.status_code, answer.content)

    return ask


def _app(path: str, **more: Any) -> Way:
    def ask(address: str) -> Told:
        answer = Phone().post(f"/api/v1/{path}", {"email": address, **more}, idempotency_key=None)
        return Told(answer.status, answer.content)

    return ask
