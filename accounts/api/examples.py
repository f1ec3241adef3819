"""The examples of the document: one customer's phone, from password to tokens."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

_AUTH_SESSION = "gAAAAABqAcbZ0Yt1u9VbN3kC7f2QmXw8RrJx5pHsEoLd"

SIGN_IN = OpenApiExample(
    "Address and password",
    value={"email": "aya@example.com", "password": "a quiet harbour at dawn", "device_name": "Aya's phone"},
    request_only=True,
)
CHALLENGE = OpenApiExample(
    "A second factor is needed",
    value={
        "type": "urn:kakehashi:problem:insufficient-authorization",
        "title": "A second factor is needed",
        "status": 403,
        "detail": "Enter the code of your authenticator app, or a recovery code.",
        "code": "insufficient-authorization",
        "error": "insufficient_authorization",
        "auth_session": _AUTH_SESSION,
        "factors": ["passkey", "totp", "recovery_code"],
        "expires_in": 299,
    },
    response_only=True,
    media_type="application/problem+json",
    status_codes=["403"],
)
FACTOR = OpenApiExample(
    "A code of the app",
    value={"auth_session": _AUTH_SESSION, "code": "492039"},
    request_only=True,
)
_CEREMONY = "gAAAAABqAcbaQ2b0Yt1u9VbN3kC7f2QmXw8RrJx5pHsEoLdKw"
_CREDENTIAL = '{"id":"u1X2...","rawId":"u1X2...","type":"public-key","response":{"clientDataJSON":"eyJ0..."}}'
FACTOR_PASSKEY = OpenApiExample(
    "A passkey",
    value={"auth_session": _AUTH_SESSION, "ceremony": _CEREMONY, "credential": _CREDENTIAL},
    request_only=True,
)
ASK_PASSKEY = OpenApiExample("For this sign-in", value={"auth_session": _AUTH_SESSION}, request_only=True)
ASKED = OpenApiExample(
    "For the credential manager",
    value={
        "ceremony": _CEREMONY,
        "options": {
            "challenge": "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k",
            "rpId": "wallet.example.com",
            "timeout": 300000,
            "userVerification": "required",
            "allowCredentials": [{"id": "u1X2n0p5T7y", "type": "public-key", "transports": ["internal"]}],
        },
    },
    response_only=True,
)
TOKENS = OpenApiExample(
    "A fresh pair",
    value={
        "access_token": "kka_Kz8vS1qJ0Xf3bT9yLw2mD5nR7cGhV4uPeAiZoQxN6jY",
        "token_type": "DPoP",
        "expires_in": 600,
        "refresh_token": "kkr_Wd2pUeC8tB6sHnQ1aYvKf5mJ3xGzL9oRi7NcTqVb4ZE",
        "device_id": "5d0c1f6e-6a0d-4f0e-9b1e-0b1f4f6f9a55",
    },
    response_only=True,
)
REFRESH = OpenApiExample(
    "The next pair",
    value={"refresh_token": "kkr_Wd2pUeC8tB6sHnQ1aYvKf5mJ3xGzL9oRi7NcTqVb4ZE"},
    request_only=True,
)
STEP_UP = OpenApiExample("A code of the app", value={"code": "775310"}, request_only=True)
STEP_UP_PASSKEY = OpenApiExample(
    "A passkey", value={"ceremony": _CEREMONY, "credential": _CREDENTIAL}, request_only=True
)
_QUESTION_ID = "3b1d7a52-9a44-4d62-9f0a-6c1f0f2d8b3e"
STEP_UP_BOUND = OpenApiExample(
    "A code for one payment", value={"code": "775310", "challenge": _QUESTION_ID}, request_only=True
)
ASK_STEP_UP = OpenApiExample("For one payment", value={"challenge": _QUESTION_ID}, request_only=True)
STEPPED_UP = OpenApiExample("Five minutes", value={"max_age": 300}, response_only=True)
QUESTION = OpenApiExample(
    "Is it this payment?",
    value={
        "endpoint": "/api/v1/step-up",
        "challenge": _QUESTION_ID,
        "action": "payments:transfer:send",
        "words": "Send ¥5,000 to H*** K.",
        "amount": 5000,
        "currency": "JPY",
        "payee": "H*** K.",
        "factors": ["passkey", "totp"],
        "expires_in": 299,
    },
    response_only=True,
)
PROFILE = OpenApiExample(
    "Aya",
    value={
        "id": "0b8f5d8a-4a0f-4f63-9b39-5c8f2a1d7e11",
        "customer_number": "K-0000-0001",
        "email": "aya@example.com",
        "full_name": "Aya Sato",
        "phone": "+819012345678",
        "language": "ja",
        "created_at": "2026-05-02T10:00:00+09:00",
        "restrictions": [],
    },
    response_only=True,
)
LANGUAGE = OpenApiExample("English, please", value={"language": "en"}, request_only=True)
DEVICES = OpenApiExample(
    "One phone",
    value={
        "id": "5d0c1f6e-6a0d-4f0e-9b1e-0b1f4f6f9a55",
        "name": "Aya's phone",
        "network": "203.0.113.7",
        "place": "Tokyo, Japan",
        "factor": "totp",
        "created_at": "2026-05-02T10:00:00+09:00",
        "last_seen_at": "2026-05-03T08:15:00+09:00",
        "is_current": True,
        "told_by_push": True,
    },
    response_only=True,
)
