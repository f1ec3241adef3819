"""What the app is told of payees, transfers, requests, limits of one's own and automatic top-ups, and what it asks."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from payments.models import AutoTopUp, MoneyRequest, OwnLimit, Payee, Transfer
from payments.models.transfers import MESSAGE_LENGTH
from payments.person_names import masked_name
from wallet_site.api.serializers import StrictSerializer

_AMOUNT: dict[str, Any] = {
    "min_value": 1,
    "max_value": 10**12,
    "help_text": "Minor units; yen have none smaller.",
}
LIMIT_KINDS = [kind.value for kind in OwnLimit.Kind]
DIRECTIONS = ["sent", "received"]


class FindabilitySerializer(StrictSerializer):
    """By what others find the customer; by nothing until they say so."""

    by_email = serializers.BooleanField()
    by_phone = serializers.BooleanField()


class FindPayeeSerializer(StrictSerializer):
    """Exactly one person's address."""

    address = serializers.CharField(max_length=254, help_text="An e-mail address or a mobile phone number.")


class PayeeSerializer(serializers.ModelSerializer[Payee]):
    """Somebody who can be paid. `name` is a part of theirs: show it before anything is sent."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    name = serializers.SerializerMethodField()

    class Meta:
        model = Payee
        fields = ("id", "name", "found_at")
        read_only_fields = fields

    def get_name(self, payee: Payee) -> str:
        """ "E•• W••"."""
        return masked_name(payee.person.full_name)


class PayeesSerializer(serializers.Serializer[Any]):
    """Those paid lately first."""

    results = PayeeSerializer(many=True)


class SendSerializer(StrictSerializer):
    """To whom, how much, and a word with it."""

    payee = serializers.UUIDField(help_text="The `id` of a payee.")
    amount = serializers.IntegerField(**_AMOUNT)
    currency = serializers.ChoiceField(choices=["JPY"])
    message = serializers.CharField(max_length=MESSAGE_LENGTH, allow_blank=True, default="")


class TransferSerializer(serializers.ModelSerializer[Transfer]):
    """A transfer, from the side of who asks. `transaction` is the movement's `id` in the activity."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    direction = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField(help_text="Of the other person, in part.")
    transaction = serializers.IntegerField(source="journal_id", read_only=True)

    class Meta:
        model = Transfer
        fields = ("id", "direction", "name", "amount", "currency", "message", "transaction", "made_at")
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=DIRECTIONS))
    def get_direction(self, transfer: Transfer) -> str:
        """Which way."""
        return "sent" if transfer.sender_id == self.context["user_id"] else "received"

    def get_name(self, transfer: Transfer) -> str:
        """ "E•• W••"."""
        is_sent = transfer.sender_id == self.context["user_id"]
        return masked_name((transfer.recipient if is_sent else transfer.sender).full_name)


class MoneyRequestSerializer(serializers.ModelSerializer[MoneyRequest]):
    """A request for money. `is_mine`: the customer asked; else they are asked."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    is_mine = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField(help_text="Of the other person, in part.")

    class Meta:
        model = MoneyRequest
        fields = (
            "id",
            "is_mine",
            "name",
            "amount",
            "currency",
            "message",
            "state",
            "created_at",
            "expires_at",
        )
        read_only_fields = fields

    def get_is_mine(self, request: MoneyRequest) -> bool:
        """Which side."""
        return bool(request.requester_id == self.context["user_id"])

    def get_name(self, request: MoneyRequest) -> str:
        """ "E•• W••"."""
        is_mine = request.requester_id == self.context["user_id"]
        return masked_name((request.payer if is_mine else request.requester).full_name)


class MoneyRequestsSerializer(serializers.Serializer[Any]):
    """What is open, newest first."""

    results = MoneyRequestSerializer(many=True)


class DeclineSerializer(StrictSerializer):
    """Whether further requests of this person are wanted."""

    block = serializers.BooleanField(default=False)


class OwnLimitSerializer(serializers.Serializer[Any]):
    """One limit. `own` null: none of their own; `amount` is what holds then."""

    kind = serializers.ChoiceField(choices=LIMIT_KINDS)
    own = serializers.IntegerField(allow_null=True, help_text="Minor units.")
    amount = serializers.IntegerField(help_text="What holds now.")
    ceiling = serializers.IntegerField(help_text="The most that can be set.")
    next_amount = serializers.SerializerMethodField(help_text="What holds from `next_at` on.")
    next_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_next_amount(self, standing: Any) -> int | None:
        """Null while nothing waits."""
        return standing.next_amount if standing.next_at is not None else None


class OwnLimitsSerializer(serializers.Serializer[Any]):
    """Every kind, set or not."""

    results = OwnLimitSerializer(many=True)


class SetLimitSerializer(StrictSerializer):
    """A limit of one's own; null takes it away."""

    amount = serializers.IntegerField(min_value=0, max_value=10**12, allow_null=True)


class AutoTopUpSerializer(serializers.ModelSerializer[AutoTopUp]):
    """How topping up by itself stands. `off_because` says why it is off."""

    card = serializers.UUIDField(source="card.public_id", read_only=True)

    class Meta:
        model = AutoTopUp
        fields = ("is_on", "card", "threshold", "amount", "off_because", "changed_at")
        read_only_fields = fields


class SwitchOnSerializer(StrictSerializer):
    """From which card, below which balance, how much."""

    card = serializers.UUIDField(help_text="The `id` of a linked card.")
    threshold = serializers.IntegerField(**_AMOUNT)
    amount = serializers.IntegerField(**_AMOUNT)
