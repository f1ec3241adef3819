"""Somebody asked for a new password."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.models.users import User
from wallet_site.rights import EVERYTHING


class PasswordReset(models.Model):
    """One asked-for link; single-use, fifteen minutes, dead after any credential change (requirement 21).

    There is a row for an address that nobody has too (`user` null), so that asking costs the same for everybody.
    """

    database_rights: ClassVar = EVERYTHING

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="password_resets")
    token_digest = models.BinaryField(unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"password reset {self.pk}"
