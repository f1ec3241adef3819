"""Passkeys: WebAuthn credentials whose authenticator verifies its user. Public keys only; nothing here is secret."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now
from django_otp_webauthn.models import AbstractWebAuthnCredential
from webauthn.helpers.structs import PublicKeyCredentialDescriptor

from accounts.models.users import User


class Passkey(AbstractWebAuthnCredential):
    """One passkey of one person, as WebAuthn Level 3 has a credential record. A django-otp device like the others.

    `credential_id_sha256` is unique, and a constraint holds it to `credential_id`. `sign_count` and the backup flag
    are what the authenticator said last.
    """

    public_id = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="passkeys")
    # Four bytes without a sign (WebAuthn, 6.1): above what the package's integer holds.
    sign_count = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "passkey"
        ordering: ClassVar = ["pk"]
        # The unique constraint is the index already.
        indexes: ClassVar[list[models.Index]] = []

    @classmethod
    def get_credential_descriptors_for_user(cls, user: Any) -> list[PublicKeyCredentialDescriptor]:
        """Those of `user`; none for somebody who is still signing up, whom the package would ask the database for."""
        known: list[PublicKeyCredentialDescriptor] = (
            [] if user.pk is None else super().get_credential_descriptors_for_user(user)
        )
        return known
