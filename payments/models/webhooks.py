"""Where a merchant wants to be told what happened. What is owed to it lies in the outbox."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from payments.models.stores import Merchant
from wallet_site.crypto import EncryptedTextField
from wallet_site.rights import NO_DELETE


class WebhookEndpoint(models.Model):
    """An https address of a merchant, told by Standard Webhooks. Both secrets sign until `previous_until`."""

    database_rights: ClassVar = NO_DELETE

    class DisabledBecause(models.TextChoices):
        GONE = "gone", _("It answered 410: gone")
        FAILING = "failing", _("It failed for days")
        REMOVED = "removed", _("The merchant removed it")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="webhook_endpoints")
    url = models.CharField(max_length=500)
    secret = EncryptedTextField()
    previous_secret = EncryptedTextField(null=True)
    previous_until = models.DateTimeField(null=True)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    # When the failing began that has not ended with a success since.
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=10, choices=DisabledBecause, blank=True, db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(url__startswith="https://"), name="payments_webhook_https"),
            models.CheckConstraint(
                condition=Q(previous_secret__isnull=True, previous_until__isnull=True)
                | Q(previous_secret__isnull=False, previous_until__isnull=False),
                name="payments_webhook_rotation",
            ),
            models.CheckConstraint(
                condition=Q(disabled_at__isnull=True, disabled_because="")
                | Q(disabled_at__isnull=False, disabled_because__in=["gone", "failing", "removed"]),
                name="payments_webhook_disabled",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant"], condition=Q(disabled_at=None), name="payments_webhook_live")
        ]

    def __str__(self) -> str:
        return f"webhook of {self.merchant_id} to {self.url}"
