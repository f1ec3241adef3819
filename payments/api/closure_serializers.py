"""What the app is told of closing a wallet and of a copy of one's data."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from payments.models import ClosureState, DataExport

CLOSURE_STATES = ("none", *ClosureState.values)
EXPORT_STATES = ("none", "asked", "ready")


class RefundToCardSerializer(serializers.Serializer[object]):
    """What would go back to one card."""

    brand = serializers.CharField()
    last_four = serializers.CharField()
    amount = serializers.IntegerField(help_text="Minor units.")


class ClosureSerializer(serializers.Serializer[object]):
    """The wish to close, if there is one, and where every yen would go if the wallet were closed now."""

    state = serializers.ChoiceField(choices=CLOSURE_STATES)
    closes_at = serializers.DateTimeField(allow_null=True)
    held_up_by = serializers.CharField(
        allow_blank=True, help_text="payments, top_ups or linkings: what must end before it closes."
    )
    currency = serializers.CharField()
    balance = serializers.IntegerField()
    held = serializers.IntegerField(help_text="What stores hold; closing waits for it.")
    to_cards = RefundToCardSerializer(many=True)
    to_desk = serializers.IntegerField(help_text="Paid out by the support desk.")
    compensation = serializers.IntegerField(help_text="Compensation; the desk decides.")
    lapses = serializers.IntegerField(help_text="Goodwill, which can be spent but not paid out.")
    open_disputes = serializers.IntegerField()


class DataExportSerializer(serializers.Serializer[DataExport]):
    """A copy of one's data: asked for, then ready for 24 hours."""

    state = serializers.ChoiceField(choices=EXPORT_STATES)
    size_bytes = serializers.IntegerField()
    asked_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


CLOSURE = OpenApiExample(
    "A wallet that waits to be closed",
    value={
        "state": "waiting",
        "closes_at": "2026-05-10T08:15:00+09:00",
        "held_up_by": "",
        "currency": "JPY",
        "balance": 12_480,
        "held": 0,
        "to_cards": [{"brand": "visa", "last_four": "4242", "amount": 12_000}],
        "to_desk": 0,
        "compensation": 0,
        "lapses": 480,
        "open_disputes": 0,
    },
    response_only=True,
)
EXPORT = OpenApiExample(
    "A copy that is ready",
    value={
        "state": "ready",
        "size_bytes": 18_204,
        "asked_at": "2026-05-03T08:15:00+09:00",
        "expires_at": "2026-05-04T08:15:20+09:00",
    },
    response_only=True,
)
