"""Waves of guessed passwords: one row, and so one alarm, for each, however many tries it has."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from wallet_site.rights import NO_DELETE


class StuffingWave(models.Model):
    """One event. The figures are those of its worst ten minutes. A trigger opens the desk's case."""

    database_rights: ClassVar = NO_DELETE

    began_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    is_over = models.BooleanField(db_default=False, default=False)
    tries = models.PositiveIntegerField()
    right = models.PositiveIntegerField()
    accounts = models.PositiveIntegerField()
    networks = models.PositiveIntegerField()

    class Meta:
        constraints = [
            # Of any number of requests that see a wave at once, one begins it.
            models.UniqueConstraint(
                fields=["is_over"], condition=Q(is_over=False), name="one_wave_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(is_over=False, ended_at__isnull=True) | Q(is_over=True, ended_at__isnull=False),
                name="wave_over_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"wave of {self.began_at:%Y-%m-%d %H:%M}"
