"""Somebody said, without signing in, that the account is not safe: it was stopped and the desk was called."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.api_devices import ApiDevice
from accounts.models.sign_ins import SignIn
from accounts.models.users import User
from wallet_site.rights import APPEND_ONLY


class AccountReport(models.Model):
    """A sign-in that was not the owner's, by the link of its notice, once per sign-in; or a lock by a mailed code.

    A trigger opens support's case.
    """

    database_rights: ClassVar = APPEND_ONLY

    class Kind(models.TextChoices):
        SIGN_IN = "sign_in", _("Sign-in reported as not theirs")
        LOCK = "lock", _("Locked without signing in")

    user = models.ForeignKey(User, models.PROTECT, related_name="reports")
    kind = models.TextField(choices=Kind)
    address = models.EmailField(help_text="whose link it was; of a lock the address that was typed")
    sign_in = models.OneToOneField(SignIn, models.PROTECT, null=True, related_name="report")
    device = models.OneToOneField(ApiDevice, models.PROTECT, null=True, related_name="report")
    actor = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="sign_in", sign_in__isnull=False, device__isnull=True)
                | Q(kind="sign_in", sign_in__isnull=True, device__isnull=False)
                | Q(kind="lock", sign_in__isnull=True, device__isnull=True),
                name="report_names_one_sign_in",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id}"
