"""A copy of what we know about a customer, made for them and thrown away soon."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet_site.crypto import EncryptedTextField
from wallet_site.rights import EVERYTHING


class ExportState(models.TextChoices):
    """Asked for, then ready; an export that is over is deleted."""

    ASKED = "asked", _("Being put together")
    READY = "ready", _("Ready")


class DataExport(models.Model):
    """One export of one customer: a ZIP file that lies encrypted, base64 inside, until `expires_at`.

    One at a time; asking again replaces one that is ready. What it was, and each download, stays in the audit.
    """

    database_rights: ClassVar = EVERYTHING

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="data_export"
    )
    state = models.CharField(max_length=5, choices=ExportState, default=ExportState.ASKED)
    archive = EncryptedTextField(null=True)
    size_bytes = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(db_default=Now())
    ready_at = models.DateTimeField(null=True)
    # Of one that is still being put together: when it is given up.
    expires_at = models.DateTimeField()
    downloads = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="asked", archive__isnull=True, ready_at__isnull=True)
                | Q(state="ready", archive__isnull=False, ready_at__isnull=False),
                name="payments_export_state",
            )
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="payments_export_expiry"),
            models.Index(fields=["asked_at"], condition=Q(state="asked"), name="payments_export_due"),
        ]

    def __str__(self) -> str:
        return f"export {self.public_id}: {self.state}"

    @property
    def is_ready(self) -> bool:
        """Whether it can be downloaded now."""
        return self.state == ExportState.READY and self.expires_at > timezone.now()
