"""Which ordinary notices somebody wants. Nothing here concerns their safety: those notices never look at this table."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models.users import User
from wallet_site.rights import EVERYTHING

DEFAULT_EMAIL_FROM_MINOR: Final = 3_000
LARGEST_EMAIL_FROM_MINOR: Final = 100_000


class NoticePreference(models.Model):
    """One person's choice about receipts. No row: the defaults. Read it by `accounts.notice_preferences`."""

    database_rights: ClassVar = EVERYTHING

    user = models.OneToOneField(User, models.PROTECT, primary_key=True, related_name="notice_preference")
    receipts_by_email = models.BooleanField(default=True)
    receipts_by_push = models.BooleanField(default=True)
    # A receipt for every can of coffee is read by nobody: payments are mailed from this amount on (minor units).
    email_from_minor = models.PositiveIntegerField(default=DEFAULT_EMAIL_FROM_MINOR)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(email_from_minor__lte=LARGEST_EMAIL_FROM_MINOR),
                name="receipts_are_mailed_at_last",
            )
        ]

    def __str__(self) -> str:
        return f"receipts of {self.user_id}"
