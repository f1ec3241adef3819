"""Linked cards, as little of them as the portal may know, and the linkings that made them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from wallet_site.rights import NO_DELETE


class ProcessorCustomer(models.Model):
    """Under which reference a processor knows a customer."""

    database_rights: ClassVar = NO_DELETE

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="processor_customers"
    )
    processor = models.CharField(max_length=16)
    reference = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "processor"], name="payments_processorcustomer_once"),
            models.UniqueConstraint(
                fields=["processor", "reference"], name="payments_processorcustomer_reference"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class CardState(models.TextChoices):
    """Only a live card can be charged. Nothing becomes live again: the card is linked anew."""

    LIVE = "live", _("Linked")
    BLOCKED = "blocked", _("Blocked")
    REMOVED = "removed", _("Removed")


class OwnerMatch(models.TextChoices):
    """How the name on the card compares with the customer's."""

    SAME = "same", _("The same name")
    # A name in Kanji and one in Latin letters: neither proves nor disproves anything.
    INCOMPARABLE = "incomparable", _("Written in different scripts")


class Card(models.Model):
    """A card that a customer linked. The number is never here: `token` lets the processor find it.

    Guarded by the database: at most five live cards a customer, one card (by `fingerprint`) on at most two wallets, a
    removed or blocked card stays so, and what the card is never changes.
    """

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cards")
    processor = models.CharField(max_length=16)
    token = models.CharField(max_length=64)
    brand = models.CharField(max_length=16)
    last_four = models.CharField(max_length=4)
    expiry_month = models.PositiveSmallIntegerField()
    expiry_year = models.PositiveSmallIntegerField()
    country = models.CharField(max_length=2, blank=True)
    fingerprint = models.CharField(max_length=64)
    three_d_secure = models.CharField(
        max_length=32, help_text="the processor's word for the result at linking"
    )
    owner_match = models.CharField(max_length=12, choices=OwnerMatch)
    state = models.CharField(max_length=8, choices=CardState, default=CardState.LIVE)
    linked_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=24, blank=True, help_text="removed, disputed, takeover ...")
    # Set when the processor, too, has forgotten the card; the sweep repeats what a crash or time-out left.
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["processor", "token"], name="payments_card_token"),
            models.UniqueConstraint(
                fields=["user", "fingerprint"], condition=Q(state="live"), name="payments_card_once_live"
            ),
            models.CheckConstraint(condition=Q(state__in=CardState.values), name="payments_card_state"),
            models.CheckConstraint(
                condition=Q(state="live", ended_at__isnull=True)
                | ~Q(state="live") & Q(ended_at__isnull=False),
                name="payments_card_ended",
            ),
            models.CheckConstraint(
                condition=Q(last_four__regex=r"^[0-9]{4}$"), name="payments_card_last_four"
            ),
            models.CheckConstraint(
                condition=Q(expiry_month__gte=1, expiry_month__lte=12, expiry_year__gte=2000),
                name="payments_card_expiry",
            ),
        ]
        indexes = [
            models.Index(fields=["fingerprint"], name="payments_card_fingerprint"),
            models.Index(
                fields=["id"],
                condition=~Q(state="live") & Q(forgotten_at__isnull=True),
                name="payments_card_to_forget",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand} {self.last_four}"

    @property
    def expires(self) -> str:
        """As it is printed on the card: "04/29"."""
        return f"{self.expiry_month:02d}/{self.expiry_year % 100:02d}"

    @property
    def brand_name(self) -> str:
        """The brand as people write it."""
        names = {"visa": "Visa", "mastercard": "Mastercard", "jcb": "JCB", "amex": "American Express"}
        return names.get(self.brand, self.brand.title())


class LinkingState(models.TextChoices):
    """Where a linking stands; linked, failed and abandoned are final."""

    STARTED = "started", _("Waiting for the card page")
    AUTHENTICATED = "authenticated", _("Confirmed by the card's issuer")
    LINKED = "linked", _("Linked")
    FAILED = "failed", _("Failed")
    ABANDONED = "abandoned", _("Not finished")


class CardLinking(models.Model):
    """One try to link a card, from the portal's page to the processor's and back."""

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="card_linkings")
    processor = models.CharField(max_length=16)
    # Empty until the processor has answered.
    reference = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=13, choices=LinkingState, default=LinkingState.STARTED)
    failure_reason = models.CharField(max_length=40, blank=True)
    card = models.OneToOneField(Card, on_delete=models.PROTECT, null=True, related_name="linking")
    network = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=LinkingState.values), name="payments_linking_state"),
            models.CheckConstraint(
                condition=Q(state="linked", card__isnull=False) | ~Q(state="linked") & Q(card__isnull=True),
                name="payments_linking_card",
            ),
            models.CheckConstraint(
                condition=Q(state="failed") & ~Q(failure_reason="")
                | ~Q(state="failed") & Q(failure_reason=""),
                name="payments_linking_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["started", "authenticated"], ended_at__isnull=True)
                | Q(state__in=["linked", "failed", "abandoned"], ended_at__isnull=False),
                name="payments_linking_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["started", "authenticated"]),
                name="payments_linking_open",
            ),
            # Who else tried cards from there.
            models.Index("network", F("started_at").desc(), name="payments_linking_by_network"),
        ]

    def __str__(self) -> str:
        return f"linking {self.public_id}: {self.state}"
