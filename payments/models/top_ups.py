"""Top-ups: money from a linked card into the wallet, a state machine that the database guards."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from payments.models.books import Journal
from payments.models.cards import Card
from wallet_site.crypto import EncryptedTextField
from wallet_site.rights import APPEND_ONLY, NO_DELETE


class TopUpState(models.TextChoices):
    """Where a top-up stands. A time-out leads to unknown, never to failed."""

    CREATED = "created", _("Begun")
    NEEDS_ACTION = "needs_action", _("Waiting for your bank's confirmation")
    PROCESSING = "processing", _("Being charged")
    UNKNOWN = "unknown", _("Being checked")
    SUCCEEDED = "succeeded", _("Done")
    FAILED = "failed", _("Not charged")
    REFUNDED = "refunded", _("Given back")
    DISPUTED = "disputed", _("Charged back")


# Money may be on its way in these states: they keep their part of every limit.
OPEN_STATES = (TopUpState.CREATED, TopUpState.NEEDS_ACTION, TopUpState.PROCESSING, TopUpState.UNKNOWN)
# Money came in: these have a journal. A refund or dispute gives no quota back, or it would wash any amount through.
CHARGED_STATES = (TopUpState.SUCCEEDED, TopUpState.REFUNDED, TopUpState.DISPUTED)


class TopUp(models.Model):
    """One charge of a linked card. The database refuses a step that the state machine does not have, a success
    without its journal, and any change to what was asked."""

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="top_ups")
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="top_ups")
    amount = models.BigIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    # The caller's key and a digest of what was asked under it: a repeat finds this row, another request is refused.
    request_key = models.CharField(max_length=255)
    request_fingerprint = models.BinaryField()
    state = models.CharField(max_length=12, choices=TopUpState, default=TopUpState.CREATED)
    failure_reason = models.CharField(max_length=40, blank=True)
    processor_reference = models.CharField(max_length=64, blank=True)
    # Where the card's issuer asks its holder; holds a secret of the processor's, and only while it is needed.
    action_url = EncryptedTextField(null=True)
    journal = models.OneToOneField(Journal, on_delete=models.PROTECT, null=True, related_name="top_up")
    # What took the money back, for a refund or a dispute.
    reversal = models.OneToOneField(
        Journal, on_delete=models.PROTECT, null=True, related_name="reversed_top_up"
    )
    refund_reference = models.CharField(max_length=64, blank=True)
    automatic = models.BooleanField(
        db_default=False, help_text="Begun by the portal, as its customer has set."
    )
    network = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now(), help_text="Set by the database with every new state.")
    # When the sweep asks the processor next, and how often it has.
    check_at = models.DateTimeField(db_default=Now())
    checks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "request_key"], name="payments_topup_request"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_topup_amount"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payments_topup_currency"
            ),
            models.CheckConstraint(condition=Q(state__in=TopUpState.values), name="payments_topup_state"),
            models.CheckConstraint(
                condition=Q(state__in=["succeeded", "refunded", "disputed"], journal__isnull=False)
                | ~Q(state__in=["succeeded", "refunded", "disputed"]) & Q(journal__isnull=True),
                name="payments_topup_journal",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["refunded", "disputed"], reversal__isnull=False)
                | ~Q(state__in=["refunded", "disputed"]) & Q(reversal__isnull=True),
                name="payments_topup_reversal",
            ),
            models.CheckConstraint(
                condition=Q(state="failed") & ~Q(failure_reason="")
                | ~Q(state="failed") & Q(failure_reason=""),
                name="payments_topup_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="needs_action") | Q(action_url__isnull=False),
                name="payments_topup_action",
            ),
        ]
        indexes = [
            models.Index("user", F("created_at").desc(), name="payments_topup_by_user"),
            models.Index("card", F("created_at").desc(), name="payments_topup_by_card"),
            models.Index(
                fields=["check_at"],
                condition=Q(state__in=["created", "needs_action", "processing", "unknown"]),
                name="payments_topup_open",
            ),
            models.Index(
                fields=["check_at"],
                condition=Q(state="refunded", refund_reference=""),
                name="payments_topup_refund_owed",
            ),
            models.Index(
                fields=["processor_reference"],
                condition=~Q(processor_reference=""),
                name="payments_topup_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"top-up {self.public_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it may still become a charge."""
        return self.state in OPEN_STATES

    @property
    def processor_key(self) -> str:
        """Our idempotency key at the processor: the same at every try, whoever tries."""
        return f"top-up:{self.public_id}"

    @property
    def event_key(self) -> str:
        """Names the business event in the books: posted once, whichever news of the charge comes first."""
        return f"top_up:{self.public_id}"


class ProcessorEvent(models.Model):
    """A webhook that was taken: the second delivery of the same event does nothing."""

    database_rights: ClassVar = APPEND_ONLY

    processor = models.CharField(max_length=16)
    event_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    taken_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["processor", "event_id"], name="payments_processorevent_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
