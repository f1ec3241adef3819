"""What the app is told of disputes and reports, and what it may say."""

from __future__ import annotations

from rest_framework import serializers

from payments.models import Dispute, DisputeState, PaymentReport
from payments.report_forms import LONGEST_TEXT
from wallet_site.api.serializers import StrictSerializer

_BIGGEST = 2**63 - 1


class DisputeSerializer(serializers.ModelSerializer[Dispute]):
    """A top-up whose amount the card's bank took back."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    top_up = serializers.UUIDField(source="top_up.public_id", read_only=True)
    state = serializers.ChoiceField(choices=DisputeState.choices, read_only=True)
    detail = serializers.CharField(source="get_state_display", read_only=True, help_text="`state` in words.")
    said = serializers.ChoiceField(
        source="customer_said",
        choices=Dispute.Said.choices,
        read_only=True,
        help_text="Your own word; empty while there is none.",
    )

    class Meta:
        model = Dispute
        fields = (
            "id",
            "top_up",
            "state",
            "detail",
            "amount",
            "from_wallet",
            "currency",
            "said",
            "opened_at",
            "closed_at",
        )
        read_only_fields = fields


class DisputeWordSerializer(StrictSerializer):
    """Whether it was you."""

    said = serializers.ChoiceField(choices=["me", "not_me"])
    text = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, default="")


class ReportPaymentSerializer(StrictSerializer):
    """A movement of the activity that you did not make."""

    movement = serializers.IntegerField(
        min_value=1, max_value=_BIGGEST, help_text="The `id` of a line of the activity."
    )
    text = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, default="")
    freeze = serializers.BooleanField(default=False, help_text="Stop paying, sending and topping up at once.")


class PaymentReportSerializer(serializers.ModelSerializer[PaymentReport]):
    """A report that the desk is looking at."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    movement = serializers.IntegerField(source="journal_id", read_only=True)

    class Meta:
        model = PaymentReport
        fields = ("id", "movement", "text", "made_at")
        read_only_fields = fields
