"""What a merchant is owed for a day: one settlement, one journal, and which entries it covers."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.books import Account, Journal
from payments.models.stores import Merchant
from wallet_site.rights import READ_ONLY


class Settlement(models.Model):
    """One merchant's day in Tokyo, net of refunds and of our fee. Written by `ledger_settle_merchant` alone.

    Rounding: the fee is worked out once, on the day's payments less its refunds, and rounded down to whole minor
    units, in the merchant's favour; a day with more refunds than payments gives fee back by the same rule.
    """

    database_rights: ClassVar = READ_ONLY

    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="settlements", db_index=False
    )
    day = models.DateField(help_text="In Tokyo.")
    currency = models.CharField(max_length=3)
    # Minor units. Corrections that somebody posted on the payable are signed; everything else is a size.
    payments = models.BigIntegerField()
    payment_count = models.IntegerField()
    refunds = models.BigIntegerField()
    refund_count = models.IntegerField()
    corrections = models.BigIntegerField()
    fee_basis_points = models.IntegerField(help_text="The rate that held when the day was settled.")
    fee = models.BigIntegerField()
    payout = models.BigIntegerField(help_text="Below zero: the merchant gave back more than it took.")
    # Null where payments and refunds were the same, account by account: then nothing moves.
    journal = models.OneToOneField(Journal, on_delete=models.PROTECT, null=True, related_name="settlement")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "day", "currency"], name="payments_settlement_once"),
            models.CheckConstraint(
                condition=Q(payments__gte=0, payment_count__gte=0, refunds__gte=0, refund_count__gte=0),
                name="payments_settlement_sizes",
            ),
            models.CheckConstraint(
                condition=Q(payout=F("payments") - F("refunds") + F("corrections") - F("fee")),
                name="payments_settlement_payout",
            ),
        ]

    def __str__(self) -> str:
        return f"settlement of {self.merchant_id} for {self.day}: {self.payout}"


class SettledRange(models.Model):
    """The entries of one payable account that a settlement covers. Each entry is in exactly one range: a trigger
    lets a range begin only where the one before it ended."""

    database_rights: ClassVar = READ_ONLY

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="ranges")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "first_seq"], name="payments_range_once"),
            models.CheckConstraint(condition=Q(last_seq__gte=F("first_seq")), name="payments_range_order"),
        ]

    def __str__(self) -> str:
        return f"account {self.account_id}: {self.first_seq} to {self.last_seq}"
