"""The document's examples of addresses and numbers: one customer on the way to another address."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

_PENDING = {
    "value": "aya.new@example.com",
    "expires_at": "2026-05-03T10:30:00+09:00",
    "code_expires_at": "2026-05-03T10:10:00+09:00",
}
CONTACTS = OpenApiExample(
    "A new address waits",
    value={
        "contacts": [
            {"kind": "email", "value": "aya@example.com", "shown": "aya@example.com", "pending": _PENDING},
            {"kind": "notice_email", "value": None, "shown": "", "pending": None},
            {"kind": "phone", "value": "+819012345678", "shown": "090-1234-5678", "pending": None},
        ]
    },
    response_only=True,
)
PENDING = OpenApiExample("It waits for its code", value=_PENDING, response_only=True)
NEW_EMAIL = OpenApiExample("Another address", value={"value": "aya.new@example.com"}, request_only=True)
CODE = OpenApiExample("The code from the mail", value={"code": "40912873"}, request_only=True)
COOL_OFF = OpenApiExample(
    "After a changed address",
    value={
        "until": "2026-05-06T10:04:00+09:00",
        "reasons": [
            {
                "kind": "email_changed",
                "title": "E-mail address changed",
                "at": "2026-05-03T10:04:00+09:00",
                "until": "2026-05-06T10:04:00+09:00",
            }
        ],
    },
    response_only=True,
)
PASSWORD = OpenApiExample(
    "A new password",
    value={"current_password": "a quiet harbour at dawn", "new_password": "seven lanterns on a bridge"},
    request_only=True,
)
