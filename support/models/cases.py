"""Cases with a queue, an owner and a clock, and what staff note about a customer."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ChangeUndo
from support.roles import as_permissions
from wallet_site.rights import APPEND_ONLY, NO_DELETE


class Case(models.Model):
    """Something a person at the desk has to look at until `due_at`. The one of an undo link is opened by a trigger."""

    database_rights: ClassVar = NO_DELETE

    class Queue(models.TextChoices):
        UNDO_LINK_USED = "undo_link_used", _("Undo link used")
        SIGN_IN_REPORTED = "sign_in_reported", _("Sign-in reported as not theirs")
        LOCKED = "locked", _("Locked by the customer without signing in")
        RECOVERY = "recovery", _("Access lost: recovery asked for or stopped")
        APPEAL = "appeal", _("Appeals")
        BOUNCED_NOTICE = "bounced_notice", _("Bounced security notices")
        TOP_UP_DISPUTE = "top_up_dispute", _("Disputed top-ups")
        RISK = "risk", _("Refused as unusual")
        CLAIM = "claim", _("Money owed to a closed wallet's customer")
        STUFFING = "stuffing", _("Waves of guessed passwords")
        PAYMENT_REPORT = "payment_report", _("Payments reported as not theirs")
        SETTLEMENT = "settlement", _("Settlement files and books")
        WEBHOOK = "webhook", _("Merchants' webhooks turned off")
        OTHER = "other", _("Other")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Null where it is about nobody: a line of a settlement file that fits no charge, books that are not sound.
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="cases")
    queue = models.TextField(choices=Queue)
    state = models.TextField(choices=State, default=State.OPEN)
    # Empty where the database opened it: `title` then says what happened.
    subject = models.CharField(max_length=160, blank=True)
    text = models.TextField(blank=True, help_text="what the customer wrote, or what was found")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="cases_owned", db_index=False
    )
    due_at = models.DateTimeField()
    # Null where no member of staff opened it: the customer or the database did.
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    opened_at = models.DateTimeField(db_default=Now())
    undo = models.OneToOneField(ChangeUndo, models.PROTECT, null=True, related_name="case")
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    closed_at = models.DateTimeField(null=True)
    close_reason = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        # Django makes permissions of them; migrations give them to the roles.
        permissions = as_permissions()
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    queue__in=[
                        "undo_link_used",
                        "recovery",
                        "sign_in_reported",
                        "locked",
                        "appeal",
                        "bounced_notice",
                        "top_up_dispute",
                        "risk",
                        "claim",
                        "stuffing",
                        "payment_report",
                        "settlement",
                        "webhook",
                        "other",
                    ]
                ),
                name="case_queue",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True, closed_by__isnull=True)
                | Q(state="closed", closed_at__isnull=False, closed_by__isnull=False) & ~Q(close_reason=""),
                name="case_closes_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "due_at"], name="case_open", condition=Q(state="open")),
            models.Index(fields=["customer", "-id"], name="case_by_customer"),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}: {self.title}"

    @property
    def title(self) -> str:
        """What it is about, in words."""
        if self.undo is not None:
            return _("Undone by link: %(change)s") % {"change": self.undo.change.get_kind_display()}
        return self.subject or self.get_queue_display()

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_late(self) -> bool:
        """Whether its clock has run out."""
        return self.is_open and self.due_at < timezone.now()


class Note(models.Model):
    """What somebody at the desk wants the next one to know. Never changed, never sent to the customer."""

    database_rights: ClassVar = APPEND_ONLY

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="desk_notes")
    text = models.TextField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["customer", "-id"], name="note_by_customer")]

    def __str__(self) -> str:
        return f"note {self.pk} about {self.customer_id}"
