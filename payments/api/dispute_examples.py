"""The examples of the document: a dispute that waits, the customer's word, and a report."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

DISPUTE = OpenApiExample(
    "A dispute that waits for our answer",
    value={
        "id": "0d7be0f4-7f39-4a3e-9a57-5a1a8a3a4e11",
        "top_up": "8f7f1c8e-5f0e-4c55-9a1f-27d1b0f6a001",
        "state": "needs_response",
        "detail": "Waiting for our answer",
        "amount": 3_000,
        "from_wallet": 2_000,
        "currency": "JPY",
        "said": "",
        "opened_at": "2026-05-03T08:15:00+09:00",
        "closed_at": None,
    },
    response_only=True,
)
WORD = OpenApiExample("It was me", value={"said": "me", "text": ""}, request_only=True)
REPORT = OpenApiExample(
    "Not mine, and stop everything",
    value={"movement": 902, "text": "I was at home that day.", "freeze": True},
    request_only=True,
)
REPORTED = OpenApiExample(
    "The report",
    value={
        "id": "5d0c1f6e-6a0d-4f0e-9b1e-0b1f4f6f9a55",
        "movement": 902,
        "text": "I was at home that day.",
        "made_at": "2026-05-03T08:15:00+09:00",
    },
    response_only=True,
)
