"""Where else somebody is told, and new addresses and numbers that are not proven yet."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from wallet_site.rights import EVERYTHING


class ContactKind(models.TextChoices):
    """What can be changed by a code that goes to the new address or number first."""

    EMAIL = "email", _("E-mail address")
    NOTICE_EMAIL = "notice_email", _("Second address for notices")
    PHONE = "phone", _("Phone number for notices")


class ContactChange(models.Model):
    """A new address or number that is not yet proven; until it is, what was there stays (requirement 30).

    One at a time of each kind. The code goes there by mail or SMS; asking again replaces it.
    """

    database_rights: ClassVar = EVERYTHING

    user = models.ForeignKey(User, models.CASCADE, related_name="contact_changes")
    kind = models.TextField(choices=ContactKind)
    new_value = models.CharField(max_length=254, help_text="canonical address, or number in E.164")
    # Null where the new address is somebody else's already: then no code is right.
    code_digest = models.BinaryField(null=True)
    code_sent_at = models.DateTimeField(db_default=Now())
    code_tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_pending_change_of_a_kind"),
            models.CheckConstraint(condition=Q(kind__in=ContactKind.values), name="contact_change_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id} -> {self.new_value}"


class NoticeAddress(models.Model):
    """A second, proven address that is told of everything. It opens nothing: no sign-in, no reset goes there.

    Adding, changing and removing it is told everywhere, by trigger; removed, it is told for 30 more days.
    """

    database_rights: ClassVar = EVERYTHING

    user = models.OneToOneField(User, models.PROTECT, primary_key=True, related_name="notice_address")
    email = models.EmailField()
    confirmed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(email__regex=r"^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$"),
                name="notice_address_is_plain_ascii",
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="notice_address_is_lower_case"),
        ]
        indexes = [models.Index(fields=["email"], name="notice_by_email")]

    def __str__(self) -> str:
        return f"{self.email} for {self.user_id}"
