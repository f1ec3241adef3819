"""What somebody may not do for now, why, and until when."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from wallet_site.rights import NO_DELETE


class Suspension(models.Model):
    """One restriction. The effective state is the union of the live ones: not lifted, begun, not ended.

    A trigger refuses every change but the one lifting; another (payments') freezes the wallet under its row lock.
    """

    database_rights: ClassVar = NO_DELETE

    class Scope(models.TextChoices):
        SIGN_IN = "sign_in", _("Signing in")
        CARD_LINKING = "card_linking", _("Linking cards")
        TOP_UP = "top_up", _("Topping up")
        SPENDING = "spending", _("Paying in stores")
        SENDING = "sending", _("Sending money")
        ALL = "all", _("Everything")

    class Reason(models.TextChoices):
        TAKEOVER = "takeover", _("Someone else may have used the account")
        CUSTOMER_ASKED = "customer_asked", _("The customer asked for it")
        FRAUD = "fraud", _("Unusual payments")
        CREDENTIAL_UNDO = "credential_undo", _("A change was reported as not theirs")
        OTHER = "other", _("Another reason")

    class Channel(models.TextChoices):
        AGENT = "agent", _("Support")
        SUPERVISOR = "supervisor", _("Supervisor")
        SYSTEM = "system", _("The system")
        CUSTOMER = "customer", _("The customer")
        UNDO_LINK = "undo_link", _("Undo link")
        LOCK = "lock", _("Lock without signing in")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="suspensions")
    scope = models.TextField(choices=Scope)
    reason_code = models.TextField(choices=Reason)
    reason = models.TextField(help_text="for the desk; the customer reads the reason code's words")
    channel = models.TextField(choices=Channel)
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    lift_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=models.F("starts_at")),
                name="suspension_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    scope__in=["sign_in", "card_linking", "top_up", "spending", "sending", "all"]
                ),
                name="suspension_scope",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], name="live_suspension", condition=models.Q(lifted_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.scope} of {self.user_id}"
