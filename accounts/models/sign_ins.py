"""Browser sessions as people see them: a device, a network, a first and a last time."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.models.users import User
from wallet_site.rights import NO_DELETE


class SignIn(models.Model):
    """One signed-in browser. Ending it holds from the browser's next request on."""

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="sign_ins")
    # Digest of the session key: this table alone opens no session.
    session_digest = models.BinaryField(unique=True)
    device = models.CharField(max_length=80, blank=True)
    network = models.GenericIPAddressField(null=True)
    started_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    # The last proof of a second factor; step-up asks how old it is.
    verified_at = models.DateTimeField(null=True)
    factor = models.CharField(max_length=40, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-last_seen_at"], name="sign_in_by_user")]

    def __str__(self) -> str:
        return f"{self.device} of {self.user_id}"
