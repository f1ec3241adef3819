"""What a terminal sends and gets."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from payments.models import Payment, PaymentStatus, Refund
from wallet_site.api.serializers import StrictSerializer
from wallet_site.money import LARGEST_MINOR


class TakePaymentSerializer(StrictSerializer):
    """A sale: what to take, from whose code, under which number of the till's own."""

    code = serializers.CharField(max_length=64, help_text="The digits that the customer shows.")
    amount = serializers.IntegerField(min_value=1, max_value=LARGEST_MINOR, help_text="Minor units.")
    currency = serializers.ChoiceField(choices=["JPY"], default="JPY")
    capture = serializers.BooleanField(
        default=True, help_text="False only holds the money, for a capture within seven days."
    )
    reference = serializers.RegexField(
        r"^[\x21-\x7e]{1,64}\Z",
        help_text="The terminal's own number of the sale, for a look-up after a lost answer.",
    )


class CaptureSerializer(StrictSerializer):
    """How much of an authorized payment to take; the rest is let go."""

    amount = serializers.IntegerField(min_value=1, max_value=LARGEST_MINOR, help_text="Minor units.")


class CancelSerializer(StrictSerializer):
    """Nothing to say: an empty object."""


class MakeRefundSerializer(StrictSerializer):
    """How much of a payment to give back."""

    amount = serializers.IntegerField(min_value=1, max_value=LARGEST_MINOR, help_text="Minor units.")


class DeclineSerializer(serializers.Serializer[Any]):
    """Why not, for the machine and for the cashier."""

    code = serializers.CharField()
    text = serializers.CharField(help_text="A sentence that a cashier can say, in the request's language.")


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """A payment as a terminal may see it: nothing about the customer."""

    id = serializers.UUIDField(source="public_id")
    approved = serializers.SerializerMethodField()
    decline = serializers.SerializerMethodField()
    refundable = serializers.SerializerMethodField(help_text="Minor units that may still be given back.")
    store = serializers.CharField(source="store.name")

    class Meta:
        model = Payment
        fields = (
            "id",
            "approved",
            "status",
            "decline",
            "amount",
            "currency",
            "captured",
            "refunded",
            "refundable",
            "reference",
            "store",
            "made_at",
        )

    def get_approved(self, payment: Payment) -> bool:
        return payment.status != PaymentStatus.DECLINED

    @extend_schema_field(DeclineSerializer(allow_null=True))
    def get_decline(self, payment: Payment) -> DeclineSerializer | None:
        if payment.status != PaymentStatus.DECLINED:
            return None
        return DeclineSerializer(  # type: ignore[return-value]
            {"code": payment.decline_reason, "text": payment.get_decline_reason_display()}
        ).data

    def get_refundable(self, payment: Payment) -> int:
        return payment.captured - payment.refunded


class RefundSerializer(serializers.ModelSerializer[Refund]):
    """A refund and what is left of its payment."""

    id = serializers.UUIDField(source="public_id")
    payment = serializers.UUIDField(source="payment.public_id")
    refundable = serializers.SerializerMethodField()

    class Meta:
        model = Refund
        fields = ("id", "payment", "amount", "refundable", "made_at")

    def get_refundable(self, refund: Refund) -> int:
        return refund.payment.captured - refund.payment.refunded
