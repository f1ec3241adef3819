"""What a merchant's programs are told."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from payments.api.terminal_serializers import PaymentSerializer
from payments.merchant_webhooks.addresses import LONGEST_URL
from payments.models import Payment, Settlement, WebhookEndpoint
from wallet_site.api.serializers import StrictSerializer


class PayableSerializer(serializers.Serializer[Any]):
    """What is owed for sales that no settlement covers yet."""

    currency = serializers.CharField()
    payable = serializers.IntegerField(help_text="Minor units; below zero after more refunds than sales.")
    fee_basis_points = serializers.IntegerField(help_text="Hundredths of a per cent, as it holds now.")


class SettlementSerializer(serializers.ModelSerializer[Settlement]):
    """One day in Tokyo. `payout` is `payments` less `refunds` and `fee`, plus `corrections`."""

    id = serializers.UUIDField(source="public_id")
    transaction = serializers.IntegerField(
        source="journal_id", allow_null=True, help_text="Number of the journal in our books."
    )

    class Meta:
        model = Settlement
        fields = (
            "id",
            "day",
            "currency",
            "payments",
            "payment_count",
            "refunds",
            "refund_count",
            "corrections",
            "fee_basis_points",
            "fee",
            "payout",
            "transaction",
            "made_at",
        )


class MerchantPaymentSerializer(PaymentSerializer):
    """A payment in one of the merchant's stores: nothing about the customer."""

    terminal = serializers.CharField(source="terminal.name")

    class Meta(PaymentSerializer.Meta):
        model = Payment
        fields = (*PaymentSerializer.Meta.fields, "terminal")  # type: ignore[assignment]


class AddEndpointSerializer(StrictSerializer):
    """Where to be told: https, port 443 or 8443, on the public internet."""

    url = serializers.CharField(max_length=LONGEST_URL)


class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """A live endpoint. Its secrets are told when they are made and not again."""

    id = serializers.UUIDField(source="public_id")
    previous_secret_until = serializers.DateTimeField(
        source="previous_until", allow_null=True, help_text="Until then the secret before signs too."
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("id", "url", "made_at", "failing_since", "previous_secret_until")


class NewEndpointSerializer(EndpointSerializer):
    """An endpoint with its secret, this once."""

    class Meta(EndpointSerializer.Meta):
        fields = (*EndpointSerializer.Meta.fields, "secret")  # type: ignore[assignment]
        extra_kwargs = {
            "secret": {
                "help_text": "`whsec_…`: verify with it as Standard Webhooks says. Keep it; it is not told again."
            }
        }
