"""Requests that were answered: a repeat gets the same answer and does nothing again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from wallet_site.rights import EVERYTHING


class AnsweredRequest(models.Model):
    """One `Idempotency-Key` of one caller. Kept for a day and more, then swept."""

    database_rights: ClassVar = EVERYTHING

    caller = models.TextField(help_text="customer:<id> or terminal:<id>: keys of two callers never meet")
    key = models.TextField()
    fingerprint = models.BinaryField(help_text="digest of method, path and body")
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["created_at"], name="answered_by_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}: {self.status}"
