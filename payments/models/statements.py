"""A month of a wallet, closed: what it began with, what came and went, what it ended with."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.books import Account
from wallet_site.rights import READ_ONLY


class Statement(models.Model):
    """One wallet's month in Tokyo, as a range of its entries. Written by `ledger_make_statements` alone, never changed.

    A month begins where the statement before it ended, so that every entry is on exactly one statement.
    """

    database_rights: ClassVar = READ_ONLY

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="statements", db_index=False)
    month = models.DateField(help_text="Its first day.")
    # Minor units; what came and what went are sizes.
    opening = models.BigIntegerField()
    money_in = models.BigIntegerField()
    money_out = models.BigIntegerField()
    closing = models.BigIntegerField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField(help_text="One less than `first_seq` for a month without an entry.")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "month"], name="payments_statement_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="payments_statement_month"),
            models.CheckConstraint(
                condition=Q(
                    closing=F("opening") + F("money_in") - F("money_out"), money_in__gte=0, money_out__gte=0
                ),
                name="payments_statement_sum",
            ),
            models.CheckConstraint(
                condition=Q(last_seq__gte=F("first_seq") - 1), name="payments_statement_range"
            ),
        ]

    def __str__(self) -> str:
        return f"statement of {self.account_id} for {self.month:%Y-%m}"

    @property
    def entry_count(self) -> int:
        """How many entries it lists."""
        return self.last_seq - self.first_seq + 1
