"""Settlement files as the processor gave them, and where they and the books differ."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from payments.models.books import Journal
from payments.models.top_ups import TopUp
from wallet_site.rights import APPEND_ONLY, NO_DELETE

# With a counterpart in the books; the other kinds of lines are only kept.
MOVEMENTS = ("charge", "refund", "dispute", "dispute_won")


class SettlementFile(models.Model):
    """One day's file, in Tokyo's days. The same content is taken once; a corrected file of the day is another one."""

    database_rights: ClassVar = APPEND_ONLY

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    processor = models.CharField(max_length=16)
    day = models.DateField()
    digest = models.BinaryField(help_text="SHA-256 over processor, day and every line.")
    line_count = models.PositiveIntegerField()
    imported_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["processor", "digest"], name="payments_settlementfile_once"),
        ]
        indexes = [models.Index(fields=["-day", "-id"], name="payments_settlementfile_day")]

    def __str__(self) -> str:
        return f"{self.processor} {self.day}"


class SettlementLine(models.Model):
    """One line of a file, never changed. `amount` above zero: the processor owes us so much more."""

    database_rights: ClassVar = APPEND_ONLY

    file = models.ForeignKey(SettlementFile, on_delete=models.PROTECT, related_name="lines", db_index=False)
    number = models.PositiveIntegerField(help_text="1, 2, ... within the file.")
    processor = models.CharField(max_length=16)
    line_id = models.CharField(max_length=64, help_text="the processor's")
    kind = models.CharField(max_length=12)
    reference = models.CharField(max_length=64, blank=True, help_text="the processor's, of the charge")
    amount = models.BigIntegerField(help_text="Minor units.")
    fee = models.BigIntegerField(help_text="Minor units that the processor keeps.")
    currency = models.CharField(max_length=3)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="payments_settlementline_number"),
        ]
        indexes = [
            models.Index(fields=["processor", "reference", "kind"], name="payments_line_by_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.amount} {self.currency}"


class DifferenceKind(models.TextChoices):
    """How a settlement file and the books differ."""

    MISSING = "missing", _("Missing in the file")
    EXTRA = "extra", _("Not in the books")
    DOUBLE = "double", _("Twice in the files")
    ALTERED_AMOUNT = "altered_amount", _("Another amount")
    ALTERED_CURRENCY = "altered_currency", _("Another currency")
    LATE = "late", _("Came late")


class SettlementDifference(models.Model):
    """One difference, found once however often it is looked for. A trigger opens its case.

    It is resolved once, with a reason; where that posts money, only with the approval of a second person.
    """

    database_rights: ClassVar = NO_DELETE

    class Resolution(models.TextChoices):
        EXPLAINED = "explained", _("Explained, no money posted")
        BOOKED = "booked", _("Booked to suspense")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file = models.ForeignKey(SettlementFile, on_delete=models.PROTECT, related_name="differences")
    kind = models.CharField(max_length=16, choices=DifferenceKind)
    processor = models.CharField(max_length=16)
    movement = models.CharField(max_length=12, help_text="charge, refund, dispute ...")
    reference = models.CharField(max_length=64, help_text="the processor's, of the charge")
    line = models.OneToOneField(
        SettlementLine, on_delete=models.PROTECT, null=True, related_name="difference"
    )
    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, null=True, related_name="differences")
    # What the books say and what the file says; null where one of them says nothing.
    expected = models.BigIntegerField(null=True, help_text="Minor units.")
    expected_currency = models.CharField(max_length=3, blank=True)
    found = models.BigIntegerField(null=True, help_text="Minor units.")
    found_currency = models.CharField(max_length=3, blank=True)
    found_at = models.DateTimeField(db_default=Now())
    resolution = models.CharField(max_length=9, choices=Resolution, blank=True)
    resolved_reason = models.TextField(blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True)
    journal = models.OneToOneField(Journal, on_delete=models.PROTECT, null=True, related_name="difference")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["processor", "kind", "movement", "reference", "line"],
                nulls_distinct=False,
                name="payments_difference_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=DifferenceKind.values), name="payments_difference_kind"
            ),
            models.CheckConstraint(
                condition=Q(
                    resolution="", resolved_by__isnull=True, resolved_at__isnull=True, journal__isnull=True
                )
                | Q(
                    resolution="explained",
                    resolved_by__isnull=False,
                    resolved_at__isnull=False,
                    journal__isnull=True,
                )
                & ~Q(resolved_reason="")
                | Q(
                    resolution="booked",
                    resolved_by__isnull=False,
                    resolved_at__isnull=False,
                    journal__isnull=False,
                )
                & ~Q(resolved_reason=""),
                name="payments_difference_resolved",
            ),
        ]
        indexes = [
            models.Index(fields=["found_at"], condition=Q(resolution=""), name="payments_difference_open"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.movement} {self.reference}"

    @property
    def is_open(self) -> bool:
        """Whether nobody has resolved it."""
        return not self.resolution
