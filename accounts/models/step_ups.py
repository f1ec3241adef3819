"""A fresh proof that is bound to one thing that somebody is about to do."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.models.users import User
from wallet_site.rights import EVERYTHING


class StepUpChallenge(models.Model):
    """One question "do you want exactly this?", asked of one session or device; proven once, used once.

    What it is about never changes (a trigger refuses it): another amount or payee is another challenge. Thrown away
    when it is over; that something was confirmed, and how, stays in the audit.
    """

    database_rights: ClassVar = EVERYTHING

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="step_up_challenges")
    bearer = models.CharField(max_length=60, help_text="session:<public id> or device:<public id>")
    action = models.CharField(max_length=80, help_text="source:subject:action")
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    payee = models.CharField(max_length=200, blank=True, help_text="a stable name, such as user:<public id>")
    payee_shown = models.CharField(max_length=200, blank=True, help_text="as the customer reads it")
    # SHA-256 over all of the above but the bearer: what a passkey signs.
    digest = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True, help_text="until when it can be proven")
    proven_at = models.DateTimeField(null=True)
    proven_by = models.CharField(max_length=40, blank=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "bearer", "digest"], name="step_up_by_bearer")]

    def __str__(self) -> str:
        return f"{self.action} of {self.user_id}"
