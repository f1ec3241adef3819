"""What customers set for themselves: lower limits, what is asked at the till, and topping up by itself."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from payments.models.cards import Card
from payments.models.stores import Store
from wallet_site.rights import APPEND_ONLY, NO_DELETE


class OwnLimit(models.Model):
    """A limit of a customer's own. Lower counts at once, higher from `next_at` on; a trigger holds to both.

    `amount` null is no limit of one's own. The one in force is told by the database: `payments_own_limit(user, kind)`.
    """

    database_rights: ClassVar = NO_DELETE

    class Kind(models.TextChoices):
        PER_PAYMENT = "per-payment", _("Per payment in a store")
        PER_DAY = "per-day", _("Payments in stores a day")
        TOP_UP = "top-up-per-day", _("Top-ups a day")
        SENDING = "sending-per-day", _("Sending a day")
        CONFIRM = "confirm-above", _("Payments without being asked")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="own_limits", db_index=False
    )
    kind = models.CharField(max_length=16, choices=Kind)
    amount = models.BigIntegerField(null=True, help_text="Minor units; null: none of their own.")
    next_amount = models.BigIntegerField(null=True)
    next_at = models.DateTimeField(null=True, help_text="From when on `next_amount` counts.")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="payments_ownlimit_once"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["per-payment", "per-day", "top-up-per-day", "sending-per-day", "confirm-above"]
                ),
                name="payments_ownlimit_kind",
            ),
            models.CheckConstraint(
                condition=(Q(amount__isnull=True) | Q(amount__gte=0))
                & (Q(next_amount__isnull=True) | Q(next_amount__gte=0)),
                name="payments_ownlimit_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id}"


class PaymentConfirmation(models.Model):
    """A customer has confirmed, by a second factor, one payment of exactly this amount in exactly this store.

    Used by the payment that it was for, in the database, once and within five minutes."""

    database_rights: ClassVar = APPEND_ONLY

    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="payment_confirmations", db_index=False
    )
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    confirmed_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["customer"], condition=Q(used_at=None), name="payments_confirmation_open")
        ]

    def __str__(self) -> str:
        return f"confirmation by {self.customer_id}"


class AutoTopUp(models.Model):
    """Topping up by itself when the balance falls below a threshold. Off until its customer switches it on."""

    database_rights: ClassVar = NO_DELETE

    class OffBecause(models.TextChoices):
        CUSTOMER = "customer", _("You switched it off.")
        FAILED = "failed", _("The card could not be charged.")
        CARD = "card", _("The card cannot be used any more.")
        SUSPENDED = "suspended", _("Topping up is stopped on your account.")
        COOL_OFF = "cool-off", _("Your sign-in details were changed.")
        RISK = "risk", _("It looked unusual for your wallet.")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="auto_top_up"
    )
    is_on = models.BooleanField(default=False)
    card = models.ForeignKey(Card, models.PROTECT, related_name="+")
    threshold = models.BigIntegerField(help_text="Minor units; below this it tops up.")
    amount = models.BigIntegerField(help_text="Minor units.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    off_because = models.CharField(max_length=10, choices=OffBecause, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gt=0, amount__gt=0), name="payments_autotopup_amounts"
            ),
            models.CheckConstraint(
                condition=Q(is_on=True, off_because="") | Q(is_on=False) & ~Q(off_because=""),
                name="payments_autotopup_off",
            ),
            models.CheckConstraint(
                condition=Q(off_because__in=["", "customer", "failed", "card", "suspended", "cool-off", "risk"]),
                name="payments_autotopup_reason",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["user"], condition=Q(is_on=True), name="payments_autotopup_on")]

    def __str__(self) -> str:
        return f"auto top-up of {self.user_id}"
