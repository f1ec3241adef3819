"""Who takes payments: merchants, their stores, and the terminals on the counter."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet_site.crypto import EncryptedTextField


class Merchant(models.Model):
    """A business we owe what its customers paid. A trigger opens its payable accounts (16 stripes)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(db_default=Now(), editable=False)
    fee_basis_points = models.PositiveIntegerField(
        _("fee in basis points"),
        db_default=0,
        default=0,
        help_text=_("Hundredths of a per cent of payments less refunds, rounded down once a day."),
    )

    # Kept by the actions on its endpoints, so that taking a payment asks nothing more of the database.
    hears_webhooks = models.BooleanField(db_default=False, default=False, editable=False)

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(fee_basis_points__lte=10_000), name="payments_merchant_fee"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Store(models.Model):
    """One shop of a merchant."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="stores")
    name = models.CharField(_("name"), max_length=120)
    place = models.CharField(_("place"), max_length=120, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """As customers know it: "Hashi Mart 渋谷店". Asks for the merchant, so load it with the store."""
        return f"{self.merchant.name} {self.name}"


class Terminal(models.Model):
    """A till. Its API key is kept as a digest; its signing secret must be read, so it is kept encrypted."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="terminals")
    name = models.CharField(_("name"), max_length=60)
    key_id = models.CharField(
        max_length=40, unique=True, help_text=_("Public name of the key pair, the `keyid`.")
    )
    api_key_digest = models.BinaryField()
    signing_secret = EncryptedTextField()
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("terminal")
        verbose_name_plural = _("terminals")

    def __str__(self) -> str:
        return f"{self.store.full_name} {self.name}"


class MerchantKey(models.Model):
    """A key for a merchant's own programs: reads settlements and payments, minds webhooks, moves no money."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(_("name"), max_length=60)
    key_id = models.CharField(max_length=40, unique=True)
    api_key_digest = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("merchant key")
        verbose_name_plural = _("merchant keys")

    def __str__(self) -> str:
        return f"{self.merchant.name} {self.name}"
