"""Closing a wallet, and what is owed to a customer outside of one: by a refund to a card, or through the desk."""

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
from wallet_site.rights import NO_DELETE


class ClosureState(models.TextChoices):
    """Called off and closed are final."""

    WAITING = "waiting", _("Waiting to be closed")
    CALLED_OFF = "called_off", _("Called off")
    CLOSED = "closed", _("Wallet closed")


class Closure(models.Model):
    """One wish to close a wallet. It waits for seven days, by the database's clock, and can be called off until then.

    The database refuses one that is over before its time, over twice, or over while the wallet is still open.
    """

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="closures")
    state = models.CharField(max_length=10, choices=ClosureState, default=ClosureState.WAITING)
    # Both set by the database.
    asked_at = models.DateTimeField(db_default=Now())
    closes_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    # What took the balance out; null where there was none.
    journal = models.OneToOneField(Journal, on_delete=models.PROTECT, null=True, related_name="closure")
    # Minor units of goodwill that lapsed.
    lapsed = models.BigIntegerField(default=0)
    # Why it could not be closed at the last try, though its time has come; "" while it has not.
    held_up_by = models.CharField(max_length=24, blank=True)
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state__in=["waiting", "closed"]), name="payments_closure_once"
            ),
            models.CheckConstraint(condition=Q(state__in=ClosureState.values), name="payments_closure_state"),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at__isnull=True)
                | ~Q(state="waiting") & Q(ended_at__isnull=False),
                name="payments_closure_ended",
            ),
            models.CheckConstraint(
                condition=Q(state="closed") | Q(journal__isnull=True, lapsed=0, forgotten_at__isnull=True),
                name="payments_closure_journal",
            ),
            models.CheckConstraint(condition=Q(lapsed__gte=0), name="payments_closure_lapsed"),
        ]
        indexes = [
            models.Index(fields=["closes_at"], condition=Q(state="waiting"), name="payments_closure_due"),
            models.Index(
                fields=["ended_at"],
                condition=Q(state="closed", forgotten_at__isnull=True),
                name="payments_closure_to_forget",
            ),
        ]

    def __str__(self) -> str:
        return f"closure {self.public_id}: {self.state}"


class ClaimWay(models.TextChoices):
    """How it is paid. What a card cannot take goes through the desk; never the other way round."""

    CARD = "card", _("Refund to the card")
    DESK = "desk", _("Paid out by our support desk")


class ClaimReason(models.TextChoices):
    """Where the money comes from."""

    CLOSED = "closed", _("Balance of a closed wallet")
    COMPENSATION = "comp", _("Compensation left in a closed wallet")
    LATE = "late", _("Came in after the wallet was closed")


class ClaimState(models.TextChoices):
    """Paid is final."""

    OWED = "owed", _("Owed")
    PAID = "paid", _("Paid")


class Claim(models.Model):
    """Money that we owe a customer and that no wallet holds. It lies in the account of claims until it is paid.

    The database refuses a claim without its money, one that is paid twice or without a journal, and any change to what
    it is. What comes to a closed wallet (the refund of a store) becomes a claim there and then, by trigger. A claim for
    the desk tells the customer, and opens a case.
    """

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    amount = models.BigIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=8, choices=ClaimReason)
    way = models.CharField(max_length=4, choices=ClaimWay)
    state = models.CharField(max_length=4, choices=ClaimState, default=ClaimState.OWED)
    # Whose charge is refunded; of one that went from the card to the desk it stays.
    top_up = models.OneToOneField(TopUp, on_delete=models.PROTECT, null=True, related_name="claim")
    # What brought the money into the account of claims, and what took it out.
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="claims")
    paid_journal = models.OneToOneField(
        Journal, on_delete=models.PROTECT, null=True, related_name="paid_claim"
    )
    # The processor's word why the card cannot take it.
    refused_because = models.CharField(max_length=64, blank=True)
    # The processor's refund, or the bank's transfer.
    payment_reference = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    paid_at = models.DateTimeField(null=True)
    # When the sweep asks the processor next, and how often it has.
    check_at = models.DateTimeField(db_default=Now())
    checks = models.PositiveIntegerField(db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_claim_amount"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payments_claim_currency"
            ),
            models.CheckConstraint(condition=Q(reason__in=ClaimReason.values), name="payments_claim_reason"),
            models.CheckConstraint(
                condition=Q(way="desk") | Q(way="card", top_up__isnull=False), name="payments_claim_way"
            ),
            models.CheckConstraint(
                condition=Q(
                    state="owed", paid_journal__isnull=True, paid_at__isnull=True, payment_reference=""
                )
                | Q(state="paid", paid_journal__isnull=False, paid_at__isnull=False)
                & ~Q(payment_reference=""),
                name="payments_claim_paid",
            ),
        ]
        indexes = [
            models.Index("user", models.F("id").desc(), name="payments_claim_by_user"),
            models.Index(
                fields=["check_at"], condition=Q(state="owed", way="card"), name="payments_claim_due"
            ),
        ]

    def __str__(self) -> str:
        return f"claim {self.public_id} of {self.amount}: {self.state}"

    @property
    def processor_key(self) -> str:
        """Our idempotency key at the processor: the same at every try."""
        return f"claim:{self.public_id}"
