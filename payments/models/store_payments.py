"""Payments taken by a store: the customer's one-time code, the payment, its refunds, and what was spent today."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from payments.models.books import Account, Hold, Journal
from payments.models.stores import Store, Terminal
from wallet_site.rights import READ_ONLY


class OneTimeCode(models.Model):
    """A code that a customer shows at a counter. Only its digest is kept; at most one per customer is live."""

    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="one_time_codes"
    )
    digest = models.BinaryField(unique=True)
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    # Who showed it, as risk asks at the till: since when the account has known device and network, and when the
    # session last proved a second factor.
    device_since = models.DateTimeField(null=True)
    network_since = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(used_at__isnull=True, revoked_at__isnull=True),
                name="payments_one_live_code",
            ),
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"


class PaymentStatus(models.TextChoices):
    """Where a store payment stands."""

    AUTHORIZED = "authorized", _("Authorized")
    CAPTURED = "captured", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")
    DECLINED = "declined", _("Declined")


class DeclineReason(models.TextChoices):
    """Why a payment was declined, as a cashier can say it. What concerns only the customer stays with the customer."""

    CODE_UNKNOWN = "code-unknown", _("The code is not valid. Please ask for a new one.")
    CODE_EXPIRED = "code-expired", _("The code is too old. Please ask for a new one.")
    CODE_USED = "code-used", _("The code was used already. Please ask for a new one.")
    INSUFFICIENT_FUNDS = "insufficient-funds", _("The balance is not enough.")
    OVER_LIMIT = "over-limit", _("The amount is above the customer's limit.")
    CONFIRM_FIRST = (
        "confirm-first",
        _("Please ask the customer to confirm in the app and to show a new code."),
    )
    NOT_POSSIBLE = "not-possible", _("The customer cannot pay at the moment.")
    STORE_CLOSED = "store-closed", _("This store cannot take payments at the moment.")


class Payment(models.Model):
    """One request of a terminal and its answer, approved or declined. Written by the database's functions alone."""

    database_rights: ClassVar = READ_ONLY

    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    terminal = models.ForeignKey(Terminal, on_delete=models.PROTECT, related_name="payments")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="payments")
    # The terminal's own number for the sale, for a look-up after a lost answer.
    reference = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.BinaryField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=PaymentStatus)
    decline_reason = models.CharField(max_length=24, choices=DeclineReason, blank=True, db_default="")
    # Null where the code named nobody.
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="store_payments"
    )
    code = models.ForeignKey(OneTimeCode, on_delete=models.SET_NULL, null=True, related_name="payments")
    wallet = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    payable = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, null=True, related_name="payment")
    journal = models.OneToOneField(Journal, on_delete=models.PROTECT, null=True, related_name="payment")
    captured = models.BigIntegerField(db_default=0)
    refunded = models.BigIntegerField(db_default=0)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["terminal", "reference"], name="payments_payment_reference"),
            models.UniqueConstraint(fields=["terminal", "idempotency_key"], name="payments_payment_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_payment_amount"),
            models.CheckConstraint(
                condition=Q(captured__gte=0, captured__lte=F("amount")), name="payments_payment_captured"
            ),
            # A refund never exceeds what was captured, whoever asks and however many ask at once.
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("captured")), name="payments_payment_refunded"
            ),
            models.CheckConstraint(
                condition=Q(status="declined", captured=0) & ~Q(decline_reason="")
                | Q(
                    status__in=["authorized", "captured", "cancelled"],
                    decline_reason="",
                    wallet__isnull=False,
                ),
                name="payments_payment_status",
            ),
            models.CheckConstraint(
                condition=Q(status="captured", captured__gt=0, journal__isnull=False)
                | Q(captured=0, journal__isnull=True) & ~Q(status="captured"),
                name="payments_payment_posted",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-made_at"], name="payments_payment_by_store"),
        ]

    def __str__(self) -> str:
        return f"payment {self.public_id}, {self.status}"


class Refund(models.Model):
    """Money of a captured payment given back, whole or in part. Written by the database's functions alone."""

    database_rights: ClassVar = READ_ONLY

    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    terminal = models.ForeignKey(Terminal, on_delete=models.PROTECT, related_name="refunds")
    idempotency_key = models.CharField(max_length=255)
    amount = models.BigIntegerField()
    journal = models.OneToOneField(Journal, on_delete=models.PROTECT, related_name="refund")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["terminal", "idempotency_key"], name="payments_refund_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_refund_amount"),
        ]

    def __str__(self) -> str:
        return f"refund {self.public_id}"


class SpendingDay(models.Model):
    """What a wallet spent on one day in Tokyo, and the cap that held when it last spent."""

    database_rights: ClassVar = READ_ONLY

    pk = models.CompositePrimaryKey("wallet_id", "day")
    wallet = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="spending_days", db_index=False
    )
    day = models.DateField()
    spent = models.BigIntegerField()
    cap = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(spent__gte=0, spent__lte=F("cap")), name="payments_spending_cap"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id} on {self.day}: {self.spent}"
