"""Where a phone's maker takes messages for one installed app."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models.api_devices import ApiDevice
from wallet_site.crypto import EncryptedTextField
from wallet_site.rights import EVERYTHING


class PushToken(models.Model):
    """The push token of one device: it only tells, and opens nothing.

    Encrypted, as whoever holds it together with the operator's push keys can write on that phone's screen; found by its
    digest. One phone has one: a token that is registered anew, on another device or for another person, leaves the
    earlier one. A device that is signed out by somebody else is still told for 72 hours (migration 0061).
    """

    database_rights: ClassVar = EVERYTHING

    class Provider(models.TextChoices):
        APNS = "apns", "Apple Push Notification service"
        FCM = "fcm", "Firebase Cloud Messaging"

    device = models.OneToOneField(ApiDevice, models.PROTECT, primary_key=True, related_name="push_token")
    provider = models.TextField(choices=Provider)
    token = EncryptedTextField()
    token_digest = models.BinaryField(unique=True)
    registered_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(provider__in=["apns", "fcm"]), name="push_provider")
        ]

    def __str__(self) -> str:
        return f"push token of device {self.device_id}"
