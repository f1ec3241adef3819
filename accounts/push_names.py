"""How a delivery names a device that is told by push: the phone's token lies in one place only, encrypted."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from accounts.models import ApiDevice, PushToken
from wallet_site.outbox.registry import address_book

_PREFIX: Final = "device:"


def push_name(device: ApiDevice) -> str:
    """ "device:<public id>", as `accounts_notice_targets` writes it too."""
    return f"{_PREFIX}{device.public_id}"


@address_book("push")
def push_address(name: str) -> str | None:
    """ "fcm:<token>" as the gateway takes it; None for a device that has no token (any more)."""
    try:
        public_id = UUID(name.removeprefix(_PREFIX))
    except ValueError:
        return None
    found = PushToken.objects.filter(device__public_id=public_id).first()
    return f"{found.provider}:{found.token}" if found else None
