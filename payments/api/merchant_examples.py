"""The examples of the document: a chain's Monday."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

_SETTLEMENT = {
    "id": "0d5f7a52-0c0d-4a53-9a7c-2c0a1f0f3a11",
    "day": "2026-05-04",
    "currency": "JPY",
    "payments": 184_320,
    "payment_count": 211,
    "refunds": 2_480,
    "refund_count": 3,
    "corrections": 0,
    "fee_basis_points": 180,
    "fee": 3_273,
    "payout": 178_567,
    "transaction": 48_211,
    "made_at": "2026-05-05T00:20:04+09:00",
}
PAYABLE = OpenApiExample(
    "Owed since midnight",
    value={"currency": "JPY", "payable": 92_410, "fee_basis_points": 180},
    response_only=True,
)
SETTLEMENT = OpenApiExample("A day", value=_SETTLEMENT, response_only=True)
ADD_ENDPOINT = OpenApiExample(
    "Tell our server", value={"url": "https://hooks.example.com/wallet"}, request_only=True
)
ENDPOINT = OpenApiExample(
    "A new endpoint",
    value={
        "id": "7a1b9f0e-6f3e-4c8a-8a55-6b8d6b0f1c22",
        "url": "https://hooks.example.com/wallet",
        "made_at": "2026-05-04T10:00:00+09:00",
        "failing_since": None,
        "previous_secret_until": None,
        "secret": "whsec_Zm9yIHRoZSBkb2N1bWVudCBvbmx5LCBub3QgYSBzZWNyZXQ=",
    },
    response_only=True,
)
