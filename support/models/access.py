"""More than a role gives, for some hours."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from support.models.approvals import Approval
from wallet_site.rights import NO_DELETE


class ExtraAccess(models.Model):
    """One right of one person, until `ends_at` by the database's clock; nothing has to run for it to end.

    A trigger lets it in only with an approval that says the same, decided by a person who is neither the one who
    asked nor the one who gets it. Later it may only be ended early.
    """

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="extra_access")
    right = models.TextField()
    approval = models.OneToOneField(Approval, models.PROTECT, related_name="extra_access")
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="access_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="access_is_ended_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="access_live", condition=Q(ended_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.right} of {self.user_id} until {self.ends_at:%Y-%m-%d %H:%M}"
