"""What the app is told of balance, activity and one-time codes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from payments.limits import Limit, Rule
from payments.models import Account, DeclineReason, JournalKind, Payment, PaymentStatus
from payments.one_time_codes import grouped

PAGE_SIZE = 25
LARGEST_PAGE = 100
CODE_STATES = ["live", "used", "expired", "replaced"]
_BIGGEST = 2**63 - 1


class LimitSerializer(serializers.Serializer[Limit]):
    """One limit on spending that is in force."""

    rule = serializers.ChoiceField(choices=[rule.value for rule in Rule])
    cap = serializers.IntegerField(help_text="Minor units.")
    used = serializers.IntegerField()
    left = serializers.IntegerField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="When it begins anew or falls away.")


class WalletSerializer(serializers.ModelSerializer[Account]):
    """The balance. `available` is what is not kept for an authorization."""

    available = serializers.SerializerMethodField(help_text="Minor units: `balance` less `held`.")
    limits = serializers.SerializerMethodField(help_text="Every limit on spending that is in force.")

    class Meta:
        model = Account
        fields = ("currency", "balance", "held", "available", "limits")

    def get_available(self, wallet: Account) -> int:
        """What can be spent as far as the balance goes."""
        return wallet.balance - wallet.held

    @extend_schema_field(LimitSerializer(many=True))
    def get_limits(self, wallet: Account) -> list[dict[str, Any]]:
        """Every limit on spending in force."""
        return [dict(one) for one in LimitSerializer(self.context["limits"], many=True).data]


class LineSerializer(serializers.Serializer[Any]):
    """One movement of the wallet, in the words that the pages use too."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=JournalKind.choices)
    title = serializers.CharField(help_text="The store's name, or what happened.")
    what = serializers.CharField(help_text="`kind` in words.")
    amount = serializers.IntegerField(help_text="Minor units; below zero: money went out.")
    balance_after = serializers.IntegerField()
    occurred_at = serializers.DateTimeField()


class ActivitySerializer(serializers.Serializer[Any]):
    """A page of movements, newest first."""

    results = LineSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The page after this one; null on the last.")


class ActivityQuerySerializer(serializers.Serializer[Any]):
    """Which page."""

    before = serializers.IntegerField(
        min_value=1, max_value=_BIGGEST, required=False, help_text="Given in `next`; leave it to the link."
    )
    page_size = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=PAGE_SIZE)


class ShownCodeSerializer(serializers.Serializer[Any]):
    """A fresh code. Its digits are told this once: the portal keeps a digest."""

    id = serializers.IntegerField(source="code.pk")
    digits = serializers.CharField(help_text="Show them as QR code and Code128.")
    grouped = serializers.SerializerMethodField(help_text="In fours, for reading out.")
    expires_at = serializers.DateTimeField(source="code.expires_at")

    def get_grouped(self, shown: Any) -> str:
        """For people."""
        return grouped(shown.digits)


class CodePaymentSerializer(serializers.ModelSerializer[Payment]):
    """What a store did with the code. `confirm-first`: confirm it by its `id`, then show a new code."""

    id = serializers.UUIDField(source="public_id")
    store = serializers.CharField(source="store.full_name")
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    decline_reason = serializers.ChoiceField(choices=[("", ""), *DeclineReason.choices])

    class Meta:
        model = Payment
        fields = ("id", "store", "status", "amount", "currency", "refunded", "decline_reason", "made_at")


class CodeStateSerializer(serializers.Serializer[Any]):
    """How a code stands. Poll it while `state` is live."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=CODE_STATES)
    expires_at = serializers.DateTimeField()
    payment = CodePaymentSerializer(
        allow_null=True, help_text="The payment, or the newest that was declined."
    )
