"""Switches and every flip of one. A flip is the only way to change a switch; the database sees to it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from wallet_site.rights import APPEND_ONLY, READ_ONLY
from wallet_site.switches.names import Words, words_of


class Switch(models.Model):
    """One capability. `is_pulled`: stopped for everybody, at this moment."""

    database_rights: ClassVar = READ_ONLY

    id = models.SmallIntegerField(primary_key=True)
    name = models.TextField(unique=True)
    # Whether "everything but looking" stops it too.
    follows_read_only = models.BooleanField()
    is_pulled = models.BooleanField(default=False)
    changed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name}: {'pulled' if self.is_pulled else 'open'}"

    @property
    def words(self) -> Words:
        return words_of(self.name)


class Flip(models.Model):
    """Somebody pulled or released a switch. `actor` and `at` are the database's, whatever the caller says."""

    database_rights: ClassVar = APPEND_ONLY

    switch = models.ForeignKey(Switch, models.PROTECT, related_name="flips")
    is_pulled = models.BooleanField()
    reason = models.TextField()
    actor = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())
    # The desk's approval by which it was released: one releases one switch once.
    approval_id = models.BigIntegerField(null=True, unique=True)
    # Pulling waits for what had begun before. False: something had not ended after that wait.
    is_drained = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_pulled=True, approval_id__isnull=True)
                | Q(is_pulled=False, approval_id__isnull=False),
                name="release_has_an_approval",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="flip_has_a_reason"),
        ]
        indexes = [models.Index(fields=["switch", "-id"], name="flip_by_switch")]

    def __str__(self) -> str:
        return f"{self.switch_id} {'pulled' if self.is_pulled else 'released'}"
