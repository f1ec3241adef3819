"""The examples of the document: Aya's balance, her activity, and a code for a store."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

WALLET = OpenApiExample(
    "Aya's wallet",
    value={
        "currency": "JPY",
        "balance": 12_480,
        "held": 0,
        "available": 12_480,
        "limits": [
            {"rule": "per-payment", "cap": 100_000, "used": 0, "left": 100_000, "ends_at": None},
            {
                "rule": "per-day",
                "cap": 200_000,
                "used": 842,
                "left": 199_158,
                "ends_at": "2026-05-04T00:00:00+09:00",
            },
        ],
    },
    response_only=True,
)
ACTIVITY = OpenApiExample(
    "A payment and a top-up",
    value={
        "results": [
            {
                "id": 902,
                "kind": "payment",
                "title": "Kita-Aoyama store",
                "what": "Payment",
                "amount": -842,
                "balance_after": 12_480,
                "occurred_at": "2026-05-03T08:15:00+09:00",
            },
            {
                "id": 877,
                "kind": "top_up",
                "title": "Top-up",
                "what": "Top-up",
                "amount": 5_000,
                "balance_after": 13_322,
                "occurred_at": "2026-05-02T19:40:00+09:00",
            },
        ],
        "next": "http://localhost:8000/api/v1/activity?before=14&page_size=2",
    },
    response_only=True,
)
CODE = OpenApiExample(
    "A fresh code",
    value={
        "id": 31,
        "digits": "284018274650192837465012",
        "grouped": "2840 1827 4650 1928 3746 5012",
        "expires_at": "2026-05-03T08:20:00+09:00",
    },
    response_only=True,
)
CODE_STATE = OpenApiExample(
    "A store has taken the payment",
    value={
        "id": 31,
        "state": "used",
        "expires_at": "2026-05-03T08:20:00+09:00",
        "payment": {
            "id": "3d2c7c11-9e55-4a0e-8d2b-5b8f3c1f0a42",
            "store": "Kita-Aoyama store",
            "status": "captured",
            "amount": 842,
            "currency": "JPY",
            "refunded": 0,
            "decline_reason": "",
            "made_at": "2026-05-03T08:15:00+09:00",
        },
    },
    response_only=True,
)
