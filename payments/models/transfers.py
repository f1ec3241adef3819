"""Money between customers: whom one has found, what was sent, and what is asked for."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from payments.models.books import Account, Journal
from wallet_site.rights import APPEND_ONLY, EVERYTHING, NO_DELETE, READ_ONLY

MESSAGE_LENGTH = 80


class Findability(models.Model):
    """By what others may find a customer to send them money. No row: by nothing."""

    database_rights: ClassVar = NO_DELETE

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="findability"
    )
    by_email = models.BooleanField(default=False)
    by_phone = models.BooleanField(default=False)
    changed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"findability of {self.user_id}"


class Payee(models.Model):
    """Somebody whom a customer may send money to, because they were found by their exact address, asked for money or
    sent some. A trigger refuses oneself, staff and closed accounts."""

    database_rights: ClassVar = APPEND_ONLY

    class How(models.TextChoices):
        EMAIL = "email", _("by e-mail address")
        PHONE = "phone", _("by phone number")
        REQUEST = "request", _("by a request")
        RECEIVED = "received", _("by money received")

    public_id = models.UUIDField(unique=True, editable=False, db_default=RandomUUID())
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="payees", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    how = models.CharField(max_length=8, choices=How)
    found_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["owner", "person"], name="payments_payee_once"),
            models.CheckConstraint(condition=~Q(owner=F("person")), name="payments_payee_not_oneself"),
            models.CheckConstraint(
                condition=Q(how__in=["email", "phone", "request", "received"]), name="payments_payee_how"
            ),
        ]

    def __str__(self) -> str:
        return f"payee {self.public_id}"


class Transfer(models.Model):
    """Money sent from one customer to another. Written by `ledger_send` alone, in the call that moves it."""

    database_rights: ClassVar = READ_ONLY

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="transfers_sent")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="transfers_received", db_index=False
    )
    amount = models.BigIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    message = models.CharField(max_length=MESSAGE_LENGTH, blank=True)
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.BinaryField()
    journal = models.OneToOneField(Journal, models.PROTECT, related_name="transfer")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["sender", "idempotency_key"], name="payments_transfer_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_transfer_amount"),
            models.CheckConstraint(
                condition=~Q(sender=F("recipient")), name="payments_transfer_not_to_oneself"
            ),
        ]
        indexes = [
            models.Index("sender", "recipient", F("made_at").desc(), name="payments_transfer_pair"),
            models.Index("recipient", F("made_at").desc(), name="payments_transfer_received"),
        ]

    def __str__(self) -> str:
        return f"transfer {self.public_id}"


class SendingWindow(models.Model):
    """What a wallet has sent within one day or month in Tokyo, and the cap that held when it last did."""

    database_rights: ClassVar = READ_ONLY

    class Kind(models.TextChoices):
        DAY = "day", _("Day")
        MONTH = "month", _("Month")

    pk = models.CompositePrimaryKey("wallet_id", "kind", "begins")
    wallet = models.ForeignKey(Account, models.CASCADE, related_name="sending_windows", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind)
    begins = models.DateField()
    sent = models.BigIntegerField()
    cap = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(sent__gte=0, sent__lte=F("cap")), name="payments_sendingwindow_cap"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}, {self.kind} of {self.begins}: {self.sent}"


class RequestState(models.TextChoices):
    """An open request can be paid; the other states are final."""

    OPEN = "open", pgettext_lazy("request for money", "Open")
    PAID = "paid", pgettext_lazy("request for money", "Paid")
    DECLINED = "declined", pgettext_lazy("request for money", "Declined")
    CANCELLED = "cancelled", pgettext_lazy("request for money", "Taken back")
    EXPIRED = "expired", pgettext_lazy("request for money", "Expired")


class MoneyRequest(models.Model):
    """One customer asks another for money. A trigger keeps its steps; paying it is `ledger_send`'s alone."""

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="requests_made", db_index=False
    )
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="requests_received", db_index=False
    )
    amount = models.BigIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    message = models.CharField(max_length=MESSAGE_LENGTH, blank=True)
    state = models.CharField(max_length=9, choices=RequestState, default=RequestState.OPEN)
    request_key = models.CharField(max_length=255)
    fingerprint = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    transfer = models.OneToOneField(Transfer, models.PROTECT, null=True, related_name="request")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["requester", "request_key"], name="payments_request_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_request_amount"),
            models.CheckConstraint(
                condition=~Q(requester=F("payer")), name="payments_request_not_to_oneself"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | ~Q(state="open") & Q(closed_at__isnull=False),
                name="payments_request_closed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "paid", "declined", "cancelled", "expired"]),
                name="payments_request_state",
            ),
        ]
        indexes = [
            models.Index("requester", F("created_at").desc(), name="payments_request_made"),
            models.Index("payer", F("created_at").desc(), name="payments_request_received"),
            models.Index(fields=["expires_at"], condition=Q(state="open"), name="payments_request_due"),
        ]

    def __str__(self) -> str:
        return f"request {self.public_id}: {self.state}"


class RequestBlock(models.Model):
    """Whose requests for money a customer does not want. They can still send money."""

    database_rights: ClassVar = EVERYTHING

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="request_blocks", db_index=False
    )
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["owner", "blocked"], name="payments_requestblock_once"),
        ]

    def __str__(self) -> str:
        return f"block by {self.owner_id}"
