"""The examples of the document: Aya finds Ken, sends him his share, and sets a limit of her own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_PAYEE = {
    "id": "0f9c1f3e-6d37-4e0e-9a55-0d7c6d1f2a11",
    "name": "K•• M••",
    "found_at": "2026-05-03T12:40:00+09:00",
}
_TRANSFER = {
    "id": "6a1f0d1c-7c1f-4a52-8f43-2d9b3f0f6a77",
    "direction": "sent",
    "name": "K•• M••",
    "amount": 1_200,
    "currency": "JPY",
    "message": "Lunch, thank you",
    "transaction": 915,
    "made_at": "2026-05-03T12:41:00+09:00",
}
_REQUEST = {
    "id": "b2cf1c0f-3a3e-4f2c-8b53-9d3b1f7c5e01",
    "is_mine": True,
    "name": "K•• M••",
    "amount": 1_200,
    "currency": "JPY",
    "message": "Lunch, thank you",
    "state": "open",
    "created_at": "2026-05-03T12:41:00+09:00",
    "expires_at": "2026-05-10T12:41:00+09:00",
}
_LIMIT = {
    "kind": "sending-per-day",
    "own": 10_000,
    "amount": 10_000,
    "ceiling": 100_000,
    "next_amount": None,
    "next_at": None,
}
_AUTO = {
    "is_on": True,
    "card": "4f6f1b52-2f0b-4a52-a1c3-7d5f0b9c8e21",
    "threshold": 1_000,
    "amount": 3_000,
    "off_because": "",
    "changed_at": "2026-05-03T12:41:00+09:00",
}


def _answer(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True)


def _question(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


FINDABILITY = OpenApiExample("By e-mail only", value={"by_email": True, "by_phone": False})
FIND = _question("By an address", {"address": "ken@example.com"})
PAYEE = _answer("Ken", _PAYEE)
PAYEES = _answer("One person", {"results": [_PAYEE]})
SEND = _question(
    "Aya's share",
    {"payee": _PAYEE["id"], "amount": 1_200, "currency": "JPY", "message": "Lunch, thank you"},
)
TRANSFER = _answer("Sent", _TRANSFER)
REQUEST = _answer("Asked", _REQUEST)
REQUESTS = _answer("One is open", {"results": [_REQUEST]})
DECLINE = _question("No, and no more", {"block": True})
DECLINED = _answer("Declined", _REQUEST | {"is_mine": False, "state": "declined"})
LIMITS = _answer("One of one's own", {"results": [_LIMIT]})
LIMIT = _answer("Lower", _LIMIT)
SET_LIMIT = _question("Lower", {"amount": 10_000})
AUTO_TOP_UP = _answer("On", _AUTO)
SWITCH_ON = _question("Below ¥1,000", {name: _AUTO[name] for name in ("card", "threshold", "amount")})
