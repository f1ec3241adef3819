"""Second factors. All are django-otp devices, so that its middleware knows them; secrets are encrypted or hashed.

Checking a code is an action (`accounts.two_factor`): it locks, counts and burns in one transaction.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now
from django_otp.models import Device

from accounts.models.users import User
from wallet_site.crypto import EncryptedTextField


class TotpDevice(Device):
    """An authenticator app: RFC 6238, SHA-1, six digits, 30 seconds, a drift of one step either way."""

    public_id = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="totp_devices")
    seed = EncryptedTextField(help_text="20 random bytes, base32")
    # The newest step ever accepted: a code works once (requirement 9).
    last_step = models.BigIntegerField(default=-1)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "authenticator app"
        ordering: ClassVar = ["pk"]


class RecoveryCodeSet(Device):
    """The one live set of a person's recovery codes."""

    user = models.OneToOneField(User, models.PROTECT, related_name="recovery_codes")
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "recovery codes"


class RecoveryCode(models.Model):
    """One code of 80 bits, kept as a digest only, usable once."""

    code_set = models.ForeignKey(RecoveryCodeSet, models.CASCADE, related_name="codes")
    digest = models.BinaryField(unique=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


class FactorGuesses(models.Model):
    """Wrong codes of one person, over all code-like factors together.

    Its row is locked before any code is looked at, so guesses are judged one after the other and counted exactly.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="factor_guesses")
    in_a_row = models.PositiveIntegerField(default=0)
    in_window = models.PositiveIntegerField(default=0)
    # Tries past the limit: not looked at, but counted, so that none of any number at once goes missing.
    refused_in_window = models.PositiveIntegerField(default=0, db_default=0)
    window_started_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.in_a_row} wrong codes of {self.user_id}"
