"""How a delivery names a device that is told by push: the phone's token lies in one place only, encrypted."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import ApiDevice, PushToken
from wallet_site.outbox.registry import address_book

_PREFIX: Final = "device:"


def push_name(device: ApiDevice) -> str:
    """ "device:<public id>", as `accounts_notice_targets` writes it too."""
    return f"{_PREFIX}{device.public_id}"


@address_book("push")
class PushTokens:
    """Names of devices, and the tokens of their apps."""

    def find(self, name: str) -> str | None:
        """ "fcm:<token>" as the gateway takes it; None for a device that has no token (any more)."""
        found = _of(name).first()
        return f"{found.provider}:{found.token}" if found else None

    def forget(self, name: str) -> None:
        """The app was removed from that phone: its next notices go elsewhere alone."""
        _of(name).delete()


def _of(name: str) -> QuerySet[PushToken]:
    try:
        public_id = UUID(name.removeprefix(_PREFIX))
    except ValueError:
        return PushToken.objects.none()
    return PushToken.objects.filter(device__public_id=public_id)
