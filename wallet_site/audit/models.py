"""The record of who did what: append-only, hash-chained by the database, no secrets in it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from wallet_site.rights import APPEND_ONLY, READ_ONLY


class AuditRow(models.Model):
    """One thing done. `chain`, `chain_seq`, `at` and the hashes are set by the database, whatever the caller says."""

    database_rights: ClassVar = APPEND_ONLY

    chain = models.SmallIntegerField(db_default=0, editable=False)
    chain_seq = models.BigIntegerField(db_default=0, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)
    action = models.TextField(help_text="source:subject:action")
    actor = models.JSONField()
    subject_type = models.TextField(blank=True)
    subject_id = models.TextField(blank=True)
    # The customer concerned. No foreign key: the record outlives everything it speaks of.
    user_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    previous_hash = models.BinaryField(db_default=b"", editable=False)
    hash = models.BinaryField(db_default=b"", editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "chain_seq"], name="audit_chain_position")]
        indexes = [models.Index(fields=["user_id", "-id"], name="audit_by_user")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id}"


class AuditChain(models.Model):
    """The end of one chain. There are several, so that writers need not wait for each other's commit."""

    database_rights: ClassVar = READ_ONLY

    chain = models.SmallIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.BinaryField(default=b"")

    def __str__(self) -> str:
        return f"chain {self.chain} at {self.seq}"
