"""Somebody on the way in. No user exists before address, password and second factor are all proven."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from wallet_site.crypto import EncryptedTextField
from wallet_site.rights import EVERYTHING


class SignUp(models.Model):
    """One try at signing up; thrown away when it expires. The browser's session holds its id."""

    database_rights: ClassVar = EVERYTHING

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField()
    language = models.CharField(max_length=2)
    # Null where the address already has an account: then no code is right, and the owner is told instead.
    code_digest = models.BinaryField(null=True)
    code_sent_at = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    email_confirmed_at = models.DateTimeField(null=True)
    full_name = models.CharField(max_length=120, blank=True)
    password_hash = models.CharField(max_length=200, blank=True)
    totp_seed = EncryptedTextField(null=True)
    # The time step of the code that proved the app; that code is burnt when the account opens.
    totp_step = models.BigIntegerField(null=True)
    # A proven passkey in the place of an app, as `NewPasskey` has it: a public key, no secret.
    passkey = models.JSONField(null=True)
    # One a line, only between their being shown and "I have saved them".
    recovery_codes = EncryptedTextField(null=True)
    user = models.OneToOneField("accounts.User", models.PROTECT, null=True, related_name="sign_up")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="sign_up_expiry")]

    def __str__(self) -> str:
        return f"sign-up {self.id}"
