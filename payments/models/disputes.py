"""Disputes: a card's holder takes a charge back through their bank. And what customers report as not theirs."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.books import Journal
from payments.models.top_ups import TopUp
from wallet_site.rights import APPEND_ONLY, NO_DELETE


class DisputeState(models.TextChoices):
    """Where a dispute stands, as the processor says. Won (by us) and lost are final."""

    NEEDS_RESPONSE = "needs_response", _("Waiting for our answer")
    UNDER_REVIEW = "under_review", _("Being decided by the bank")
    WON = "won", _("Decided for us")
    LOST = "lost", _("Decided for the card's holder")


OPEN_DISPUTE_STATES = (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW)


class Dispute(models.Model):
    """One charge that was charged back. The database refuses a step that there is not, an end that posts other money
    than was taken, and any change to what the dispute is."""

    database_rights: ClassVar = NO_DELETE

    class Said(models.TextChoices):
        """The customer's own word about the charge."""

        NOTHING = "", _("nothing yet")
        ME = "me", _("It was me")
        NOT_ME = "not_me", _("It was not me")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    top_up = models.OneToOneField(TopUp, on_delete=models.PROTECT, related_name="dispute")
    processor = models.CharField(max_length=16)
    reference = models.CharField(max_length=64, help_text="the processor's")
    amount = models.BigIntegerField(help_text="Minor units that the processor took back from us.")
    currency = models.CharField(max_length=3)
    from_wallet = models.BigIntegerField(help_text="Minor units of it that the wallet still had.")
    reason = models.CharField(max_length=64, blank=True, help_text="the processor's word")
    state = models.CharField(max_length=14, choices=DisputeState, default=DisputeState.NEEDS_RESPONSE)
    # The processor's clock: until then it takes our answer.
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    # What took the money, and what gave it back or made the rest our loss; none where a lost one left no rest.
    opening = models.OneToOneField(Journal, on_delete=models.PROTECT, related_name="opened_dispute")
    closing = models.OneToOneField(
        Journal, on_delete=models.PROTECT, null=True, related_name="closed_dispute"
    )
    customer_said = models.CharField(max_length=6, choices=Said, blank=True, default=Said.NOTHING)
    customer_text = models.TextField(blank=True)
    customer_said_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["processor", "reference"], name="payments_dispute_reference"),
            models.CheckConstraint(condition=Q(state__in=DisputeState.values), name="payments_dispute_state"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_dispute_amount"),
            models.CheckConstraint(
                condition=Q(from_wallet__gte=0, from_wallet__lte=F("amount")),
                name="payments_dispute_from_wallet",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["needs_response", "under_review"], closed_at__isnull=True, closing__isnull=True
                )
                | Q(state="won", closed_at__isnull=False, closing__isnull=False)
                | Q(state="lost", closed_at__isnull=False, closing__isnull=False)
                | Q(state="lost", closed_at__isnull=False, from_wallet=F("amount")),
                name="payments_dispute_closed",
            ),
            models.CheckConstraint(
                condition=Q(customer_said="", customer_said_at__isnull=True)
                | Q(customer_said__in=["me", "not_me"], customer_said_at__isnull=False),
                name="payments_dispute_said",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["needs_response", "under_review"]),
                name="payments_dispute_open",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"dispute {self.public_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self.state in OPEN_DISPUTE_STATES

    @property
    def is_late(self) -> bool:
        """Whether the processor's clock ran out before it had our answer."""
        return self.state == DisputeState.NEEDS_RESPONSE and self.due_at < timezone.now()


class DisputeAnswer(models.Model):
    """What two members of staff decided to answer, once per dispute; sent to the processor until it is heard."""

    database_rights: ClassVar = NO_DELETE

    class Kind(models.TextChoices):
        EVIDENCE = "evidence", _("Contest it with evidence")
        ACCEPT = "accept", _("Give it up")

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, related_name="answer")
    kind = models.CharField(max_length=8, choices=Kind)
    # As it was approved, and as it is sent.
    evidence = models.JSONField(help_text="purchase_network, access_log, text; empty for giving up")
    approval_id = models.BigIntegerField(help_text="the request that a second person approved")
    made_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    refused_code = models.CharField(max_length=64, blank=True, help_text="why the processor took no answer")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["evidence", "accept"]), name="payments_answer_kind"),
        ]
        indexes = [
            models.Index(fields=["made_at"], condition=Q(sent_at__isnull=True), name="payments_answer_owed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for dispute {self.dispute_id}"


class PaymentReport(models.Model):
    """A customer says of a movement of their wallet that it was not theirs, once. A trigger opens the desk's case."""

    database_rights: ClassVar = APPEND_ONLY

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payment_reports"
    )
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="reports")
    text = models.TextField(blank=True, help_text="the customer's own words")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "journal"], name="payments_report_once"),
        ]

    def __str__(self) -> str:
        return f"report of journal {self.journal_id}"
