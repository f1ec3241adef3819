"""What was changed about how somebody proves who they are. Written by database triggers, read by everybody else."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from wallet_site.rights import APPEND_ONLY, READ_ONLY


class CredentialChange(models.Model):
    """One immutable row per change, in the change's own transaction, by trigger (requirement 25).

    `old_value` and `new_value` hold addresses, phone numbers and device names, never secrets; `removed_row` keeps a
    removed factor as it lay in its table (its seed encrypted), so that an undo can put it back. `actor` is the JSON
    of `wallet_site.actor.Actor`, or `{"kind": "database"}` for a hand in psql.
    """

    database_rights: ClassVar = READ_ONLY

    class Kind(models.TextChoices):
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        PASSWORD_REHASHED = "password_rehashed", _("Password stored in a stronger way")
        EMAIL_CHANGED = "email_changed", _("E-mail address changed")
        PHONE_CHANGED = "phone_changed", _("Phone number changed")
        NOTICE_ADDRESS_ADDED = "notice_address_added", _("Second address for notices added")
        NOTICE_ADDRESS_CHANGED = "notice_address_changed", _("Second address for notices changed")
        NOTICE_ADDRESS_REMOVED = "notice_address_removed", _("Second address for notices removed")
        ACCOUNT_CLOSED = "account_deactivated", _("Account deactivated")
        ACCOUNT_REOPENED = "account_activated", _("Account activated")
        TOTP_ADDED = "totp_added", _("Authenticator app added")
        TOTP_REMOVED = "totp_removed", _("Authenticator app removed")
        TOTP_CHANGED = "totp_changed", _("Authenticator app changed")
        PASSKEY_ADDED = "passkey_added", _("Passkey added")
        PASSKEY_REMOVED = "passkey_removed", _("Passkey removed")
        PASSKEY_CHANGED = "passkey_changed", _("Passkey changed")
        RECOVERY_ADDED = "recovery_codes_added", _("New recovery codes made")
        RECOVERY_USED = "recovery_code_used", _("Recovery code used")
        RECOVERY_REMOVED = "recovery_codes_removed", _("Recovery codes removed")
        API_DEVICE_ADDED = "api_device_added", _("App on a device signed in")
        API_DEVICE_REMOVED = "api_device_removed", _("App on a device signed out for good")

    user = models.ForeignKey(User, models.PROTECT, related_name="credential_changes")
    kind = models.TextField(choices=Kind)
    old_value = models.TextField(blank=True)
    new_value = models.TextField(blank=True)
    removed_row = models.JSONField(null=True)
    subject_id = models.BigIntegerField(null=True, help_text="id of the factor or device concerned")
    actor = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="change_by_user")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user_id}"


class FormerAddress(models.Model):
    """An address replaced or removed. It is told of everything for 30 more days (requirement 26). By trigger."""

    database_rights: ClassVar = READ_ONLY

    user = models.ForeignKey(User, models.PROTECT, related_name="former_addresses")
    email = models.EmailField()
    replaced_at = models.DateTimeField(db_default=Now())
    told_until = models.DateTimeField()
    change = models.ForeignKey(CredentialChange, models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["user", "-told_until"], name="former_by_user"),
            models.Index(fields=["email"], name="former_by_email"),
        ]

    def __str__(self) -> str:
        return f"{self.email} until {self.told_until:%Y-%m-%d}"


class ChangeUndo(models.Model):
    """The undo link of a change was used. Once per change; support's case is opened by a trigger on this table."""

    database_rights: ClassVar = APPEND_ONLY

    change = models.OneToOneField(CredentialChange, models.PROTECT, related_name="undo")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    address = models.EmailField(help_text="whose link it was")
    restored = models.JSONField(default=list)
    actor = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"undo of change {self.change_id}"
