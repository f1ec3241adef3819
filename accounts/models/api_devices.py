"""Apps that hold tokens. A token is useless without the device's key (DPoP, RFC 9449)."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.models.users import User
from wallet_site.rights import NO_DELETE


class ApiDevice(models.Model):
    """One installed app of one person. All its tokens are one family: revoked together."""

    database_rights: ClassVar = NO_DELETE

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="api_devices")
    name = models.CharField(max_length=80)
    key_thumbprint = models.CharField(max_length=64, help_text="RFC 7638 thumbprint of the DPoP key")
    network = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    verified_at = models.DateTimeField(null=True)
    # The last time that password and factor were given here; a trigger then judges the network and keeps the try.
    signed_in_at = models.DateTimeField(null=True)
    factor = models.CharField(max_length=40, blank=True, db_default="")
    is_new_network = models.BooleanField(db_default=False, editable=False)
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-last_seen_at"], name="api_device_by_user")]

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name


class AccessToken(models.Model):
    """An opaque token of 256 bits, kept as a digest; ten minutes."""

    digest = models.BinaryField(primary_key=True)
    device = models.ForeignKey(ApiDevice, models.CASCADE, related_name="access_tokens")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"access token of device {self.device_id}"


class RefreshToken(models.Model):
    """Used once; used twice, it gives the whole family away and the device is revoked."""

    database_rights: ClassVar = NO_DELETE

    digest = models.BinaryField(primary_key=True)
    device = models.ForeignKey(ApiDevice, models.CASCADE, related_name="refresh_tokens")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"refresh token of device {self.device_id}"
