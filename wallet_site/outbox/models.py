"""Who is owed which notice, by which channel. Written in the transaction that made the event."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from wallet_site.rights import NO_DELETE


class Priority(models.TextChoices):
    """Each has its own queue, so that no letter to many ever delays a security notice."""

    SECURITY = "security"
    ORDINARY = "ordinary"
    BULK = "bulk"
    # To merchants' servers, which may be slow: on a queue of their own they keep nobody's notice waiting.
    WEBHOOK = "webhook"


class Event(models.Model):
    """Something happened that people are to be told of. `key` makes owing it twice the same as once."""

    database_rights: ClassVar = NO_DELETE

    key = models.TextField(unique=True)
    topic = models.TextField()
    payload = models.JSONField(default=dict)
    user_id = models.BigIntegerField(null=True)
    priority = models.TextField(choices=Priority)
    created_at = models.DateTimeField(db_default=Now())
    # Expanding = writing one delivery for each recipient. `due_at` moves on when that fails, so one bad event
    # never stands in the way of the others.
    expanded_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    last_error = models.TextField(blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["priority", "due_at"],
                name="outbox_event_due",
                condition=models.Q(expanded_at__isnull=True),
            ),
            models.Index(fields=["user_id", "-id"], name="outbox_event_by_user"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(priority__in=Priority.values), name="event_priority")
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"


class Delivery(models.Model):
    """One notice to one address by one channel."""

    database_rights: ClassVar = NO_DELETE

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"  # The mail server (or provider) took it.
        FAILED = "failed"  # Given up: refused for good or too often.
        BOUNCED = "bounced"
        NO_CHANNEL = "no_channel"  # This house has no gateway for the channel: nobody was told by it.

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.TextField()
    address = models.TextField()
    language = models.TextField()
    name = models.TextField(blank=True)
    priority = models.TextField(choices=Priority)
    state = models.TextField(choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    # When it may next be taken. Taking it moves this past the lease, so a killed worker's notice comes back by itself.
    due_at = models.DateTimeField(db_default=Now())
    message_id = models.TextField(unique=True)
    subject = models.TextField(blank=True)
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["priority", "due_at"], name="outbox_delivery_due", condition=models.Q(state="queued")
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "channel", "address"], name="one_delivery_per_address"),
            models.CheckConstraint(
                condition=models.Q(state="sent", sent_at__isnull=False) | ~models.Q(state="sent"),
                name="sent_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.address}: {self.state}"
