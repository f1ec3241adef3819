"""Who calls: the device and the customer behind a request that brought token and proof."""

from __future__ import annotations

from typing import cast

from rest_framework.request import Request

from accounts.api.authentication import SignedInDevice
from accounts.models import ApiDevice, User


def device_of(request: Request) -> ApiDevice:
    """The device that asks."""
    return cast(SignedInDevice, request.auth).device


def customer_of(request: Request) -> User:
    """The person whose device asks."""
    return device_of(request).user
