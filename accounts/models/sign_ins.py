"""Browser sessions as people see them (a device, a network, a first and a last time), and every try to sign in."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.api_devices import ApiDevice
from accounts.models.users import User
from wallet_site.rights import APPEND_ONLY, NO_DELETE


class SignIn(models.Model):
    """One signed-in browser. Ending it holds from the browser's next request on."""

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="sign_ins")
    # Digest of the session key: this table alone opens no session.
    session_digest = models.BinaryField(unique=True)
    device = models.CharField(max_length=80, blank=True)
    network = models.GenericIPAddressField(null=True)
    # By which the browser is recognised (`wallet_site.browsers`); the rest is the verdict of a trigger on it.
    browser = models.CharField(max_length=64, blank=True, db_default="")
    known_since = models.DateTimeField(
        null=True, editable=False, help_text="when this account first saw this browser"
    )
    is_new_device = models.BooleanField(db_default=False, editable=False)
    is_new_network = models.BooleanField(db_default=False, editable=False)
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

    @property
    def label(self) -> str:
        """What people call it."""
        return self.device


class SignInAttempt(models.Model):
    """One try to sign in and what came of it, for good. What succeeded is written by triggers, the rest by actions.

    `user` is null where nobody has the address that was typed: such a row is written all the same, so that time does
    not tell (requirement 5), and is tied to nobody.
    """

    database_rights: ClassVar = APPEND_ONLY

    class Result(models.TextChoices):
        SUCCEEDED = "succeeded", _("Signed in")
        WRONG_PASSWORD = "wrong_password", _("Wrong password")
        WRONG_FACTOR = "wrong_factor", _("Right password, wrong second factor")
        TOO_MANY = "too_many", _("Refused: too many tries")
        LOCKED = "locked", _("Refused: codes no longer count")
        STOPPED = "stopped", _("Refused: signing in was stopped")

    class Channel(models.TextChoices):
        BROWSER = "browser", _("Browser")
        APP = "app", _("App")

    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="sign_in_attempts", db_index=False)
    at = models.DateTimeField(db_default=Now())
    result = models.TextField(choices=Result)
    channel = models.TextField(choices=Channel)
    # "passkey", "totp" or "recovery_code"; empty where it did not come to a second factor.
    factor = models.CharField(max_length=40, blank=True)
    device = models.CharField(max_length=80, blank=True)
    network = models.GenericIPAddressField(null=True)
    sign_in = models.OneToOneField(SignIn, models.PROTECT, null=True, related_name="attempt")
    api_device = models.ForeignKey(ApiDevice, models.PROTECT, null=True, related_name="attempts")
    is_new_device = models.BooleanField(db_default=False)
    is_new_network = models.BooleanField(db_default=False)

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="sign_in_attempt_by_user")]
        constraints = [
            models.CheckConstraint(
                condition=Q(result="succeeded", user__isnull=False, sign_in__isnull=False, channel="browser")
                | Q(result="succeeded", user__isnull=False, api_device__isnull=False, channel="app")
                | Q(
                    result__in=["wrong_password", "wrong_factor", "too_many", "locked", "stopped"],
                    channel__in=["browser", "app"],
                    sign_in__isnull=True,
                    api_device__isnull=True,
                    is_new_device=False,
                    is_new_network=False,
                ),
                name="sign_in_attempt_says_what_came_of_it",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(result__in=["wrong_password", "too_many"]),
                name="sign_in_attempt_of_nobody_fails",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.result} of {self.user_id}"
