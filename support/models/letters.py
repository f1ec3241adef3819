"""Letters to single customers, kept as they were sent."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from wallet_site.rights import APPEND_ONLY


class Letter(models.Model):
    """One letter, rendered once: what is kept is what the customer got. Its deliveries hang on the outbox event."""

    database_rights: ClassVar = APPEND_ONLY

    class Template(models.TextChoices):
        APOLOGY = "apology", _("Apology")

    public_id = models.UUIDField(unique=True, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="letters")
    template = models.TextField(choices=Template)
    language = models.CharField(max_length=2)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    reason = models.TextField(help_text="for the desk")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True, currency="") | Q(amount_minor__gt=0) & ~Q(currency=""),
                name="letter_amount",
            ),
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="letter_by_customer")]

    def __str__(self) -> str:
        return self.subject

    @property
    def event_key(self) -> str:
        """Names what is owed for it in the outbox: sent once, however often it is asked for."""
        return f"letter:{self.public_id}"

    @staticmethod
    def new_id() -> uuid.UUID:
        """Made with the form, so that sending the same form twice is one letter."""
        return uuid.uuid4()
