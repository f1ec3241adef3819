"""The books: accounts, journals, entries and holds. Django only reads them; `payments.posting` is the one writer.

An amount above zero raises an account's balance. Accounts of customers and merchants show what we owe them; the
settlement accounts run below zero by what a processor owes us. Over all accounts the sum is always zero.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from wallet_site.rights import READ_ONLY


class AccountKind(models.TextChoices):
    """What an account is for. Only a wallet has a floor: its balance less its holds never falls below zero."""

    WALLET = "wallet", _("Customer wallet")
    CARD_CLEARING = "card_clearing", _("Linked-card clearing")
    PROCESSOR_SETTLEMENT = "processor_settlement", _("Processor settlement")
    MERCHANT_PAYABLE = "merchant_payable", _("Merchant payable")
    MERCHANT_SETTLEMENT = "merchant_settlement", _("Merchant settlement")
    FEES = "fees", _("Fees")
    GOODWILL = "goodwill", _("Goodwill")
    FRAUD_LOSS = "fraud_loss", _("Fraud loss")
    SUSPENSE = "suspense", _("Suspense")
    CLAIMS_PAYABLE = "claims_payable", _("Claims payable")
    CLAIMS_SETTLEMENT = "claims_settlement", _("Claims paid out by bank")


class JournalKind(models.TextChoices):
    """What happened. The freeze that a kind respects is named in `ledger_frozen_until`."""

    TOP_UP = "top_up", _("Top-up")
    TOP_UP_REVERSAL = "top_up_reversal", _("Top-up returned")
    PAYMENT = "payment", _("Payment")
    REFUND = "refund", _("Refund")
    SEND = "send", _("Sent to a customer")
    COMPENSATION = "compensation", _("Compensation")
    GOODWILL = "goodwill", _("Goodwill")
    FEE = "fee", _("Fee")
    SETTLEMENT = "settlement", _("Settlement")
    CORRECTION = "correction", _("Correction")
    CLOSING = "closing", _("Wallet closed")
    CLAIM_PAID = "claim_paid", _("Claim paid out")


class Account(models.Model):
    """One line of the books. Hot ones are striped: several plain accounts that differ only in `stripe`."""

    database_rights: ClassVar = READ_ONLY

    kind = models.CharField(max_length=24, choices=AccountKind)
    currency = models.CharField(max_length=3)
    stripe = models.SmallIntegerField(db_default=0)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="ledger_accounts"
    )
    merchant = models.ForeignKey(
        "payments.Merchant", on_delete=models.PROTECT, null=True, related_name="ledger_accounts"
    )
    balance = models.BigIntegerField(
        db_default=0, help_text="Minor units; the balance after entry number `seq`."
    )
    held = models.BigIntegerField(db_default=0, help_text="Minor units that open holds keep.")
    floor = models.BigIntegerField(
        null=True, help_text="`balance` less `held` never falls below this; null: no floor."
    )
    seq = models.BigIntegerField(db_default=0, help_text="Number of entries so far.")
    # Written by the trigger on suspensions, read under the row lock that moves the money. Year 9999: until lifted.
    spend_frozen_until = models.DateTimeField(null=True)
    send_frozen_until = models.DateTimeField(null=True)
    topup_frozen_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(db_default=Now())
    # Only a wallet closes, empty and for good. What comes to it afterwards becomes a claim.
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "currency", "stripe", "owner", "merchant"],
                nulls_distinct=False,
                name="payments_account_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="payments_account_kind"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payments_account_currency"),
            models.CheckConstraint(
                condition=Q(floor__isnull=True) | Q(balance__gte=F("floor") + F("held")), name="payments_account_floor"
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="payments_account_held"),
            models.CheckConstraint(
                condition=~Q(kind="wallet") | Q(floor__gte=0, owner__isnull=False), name="payments_account_wallet"
            ),
            models.CheckConstraint(
                condition=Q(merchant__isnull=False, kind="merchant_payable") | (
                    Q(merchant__isnull=True) & ~Q(kind="merchant_payable")
                ),
                name="payments_account_merchant",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(kind="wallet", held=0), name="payments_account_closed"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.currency} {self.pk}"


class Journal(models.Model):
    """One business event. Its `legs` entries sum to zero per currency and are written in one statement."""

    database_rights: ClassVar = READ_ONLY

    # Unique by a constraint of its own: `unique=True` would bring a second index, for LIKE, that nothing asks.
    event_key = models.CharField(max_length=120, help_text="Names the event: a second posting is a repeat.")
    fingerprint = models.BinaryField(
        help_text="SHA-256 of what was asked; tells a repeat from another request."
    )
    kind = models.CharField(max_length=24, choices=JournalKind)
    reference = models.CharField(max_length=120)
    legs = models.SmallIntegerField()
    occurred_at = models.DateTimeField(help_text="When it happened; may lie before `posted_at`.")
    posted_at = models.DateTimeField(db_default=Now())
    actor = models.JSONField()
    reversal_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversed_by"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=JournalKind.values), name="payments_journal_kind"),
            models.CheckConstraint(condition=Q(legs__gte=2), name="payments_journal_legs"),
            models.CheckConstraint(condition=~Q(event_key=""), name="payments_journal_event_key"),
            models.UniqueConstraint(fields=["event_key"], name="payments_journal_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_key}"


class Entry(models.Model):
    """One leg of a journal on one account. The per-account number makes history one index range and a gap visible."""

    database_rights: ClassVar = READ_ONLY

    pk = models.CompositePrimaryKey("account_id", "account_seq")
    # The guard on inserts proves both references, so that no second look-up for a foreign key is needed.
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    account_seq = models.BigIntegerField()
    journal = models.ForeignKey(
        Journal, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="entries"
    )
    leg = models.SmallIntegerField(help_text="1, 2, ... within the journal.")
    amount = models.BigIntegerField(help_text="Minor units, never zero.")
    balance_after = models.BigIntegerField()

    class Meta:
        constraints = [
            # Also the index for a journal's entries, and what keeps a journal closed once it is written.
            models.UniqueConstraint(fields=["journal", "leg"], name="payments_entry_leg"),
            models.CheckConstraint(condition=~Q(amount=0), name="payments_entry_amount"),
            models.CheckConstraint(condition=Q(leg__gte=1), name="payments_entry_leg_number"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.account_seq}: {self.amount}"


class HoldState(models.TextChoices):
    """An open hold keeps money; the other states are final."""

    OPEN = "open", _("Held")
    CAPTURED = "captured", _("Taken")
    RELEASED = "released", _("Released")
    EXPIRED = "expired", _("Expired")


class Hold(models.Model):
    """Money that an authorization keeps on an account until it is captured, released or expires."""

    database_rights: ClassVar = READ_ONLY

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds")
    event_key = models.CharField(max_length=120)
    reference = models.CharField(max_length=120)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=HoldState, db_default=HoldState.OPEN)
    placed_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # What a capture took; less than `amount` when a part was let go.
    captured = models.BigIntegerField(db_default=0)
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, null=True, related_name="holds")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_hold_amount"),
            models.UniqueConstraint(fields=["event_key"], name="payments_hold_event_once"),
            models.CheckConstraint(
                condition=Q(captured__gte=0, captured__lte=F("amount")), name="payments_hold_captured"
            ),
            models.CheckConstraint(
                condition=Q(state="captured", captured__gt=0, journal__isnull=False, closed_at__isnull=False)
                | Q(
                    state__in=["released", "expired"],
                    captured=0,
                    journal__isnull=True,
                    closed_at__isnull=False,
                )
                | Q(state="open", captured=0, journal__isnull=True, closed_at__isnull=True),
                name="payments_hold_state",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], condition=Q(state="open"), name="payments_hold_open"),
            models.Index(fields=["expires_at"], condition=Q(state="open"), name="payments_hold_due"),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk} of {self.amount}, {self.state}"
