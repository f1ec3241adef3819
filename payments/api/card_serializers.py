"""What the app is told of cards, linkings and top-ups, and what it may ask."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from payments.models import Card, CardLinking, TopUp
from payments.reason_words import charge_failed_because, linking_failed_because
from wallet_site.api.serializers import StrictSerializer


class CardSerializer(serializers.ModelSerializer[Card]):
    """A linked card. There is no number to show: the portal has none."""

    id = serializers.UUIDField(source="public_id", read_only=True)

    class Meta:
        model = Card
        fields = ("id", "brand", "last_four", "expiry_month", "expiry_year", "country", "state", "linked_at")
        read_only_fields = fields


class LinkingSerializer(serializers.ModelSerializer[CardLinking]):
    """A try to link a card. `card` is there once `state` is linked."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    card = CardSerializer(read_only=True, allow_null=True)
    failure_detail = serializers.SerializerMethodField()

    class Meta:
        model = CardLinking
        fields: tuple[str, ...] = (
            "id",
            "state",
            "failure_reason",
            "failure_detail",
            "card",
            "started_at",
            "expires_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_failure_detail(self, linking: CardLinking) -> str:
        return linking_failed_because(linking.failure_reason) if linking.failure_reason else ""


class StartedLinkingSerializer(LinkingSerializer):
    """A linking that has begun, with the address of the card page to open in a browser."""

    url = serializers.URLField(read_only=True, help_text="Open this in the system's browser.")

    class Meta(LinkingSerializer.Meta):
        fields = (*LinkingSerializer.Meta.fields, "url")
        read_only_fields = fields


class StartTopUpSerializer(StrictSerializer):
    """A card of the customer's and whole yen."""

    card = serializers.UUIDField(help_text="The `id` of a linked card.")
    amount = serializers.IntegerField(
        min_value=1, max_value=10**12, help_text="Minor units; yen have none smaller."
    )
    currency = serializers.ChoiceField(choices=["JPY"])


class TopUpSerializer(serializers.ModelSerializer[TopUp]):
    """A top-up as it stands. Poll it while `state` is created, needs_action, processing or unknown."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    card = serializers.UUIDField(source="card.public_id", read_only=True)
    failure_detail = serializers.SerializerMethodField()
    action_url = serializers.URLField(
        read_only=True,
        allow_null=True,
        help_text="Where the card's bank asks, while `state` is needs_action.",
    )

    class Meta:
        model = TopUp
        fields = (
            "id",
            "card",
            "amount",
            "currency",
            "state",
            "failure_reason",
            "failure_detail",
            "action_url",
            "created_at",
            "changed_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_failure_detail(self, top_up: TopUp) -> str:
        return charge_failed_because(top_up.failure_reason) if top_up.failure_reason else ""
