"""Who may call. What asks for a fresh second factor asks in its action, which raises `StepUpRequired`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.api.authentication import ProvenKey, SignedInDevice
from accounts.models import User

if TYPE_CHECKING:
    # REST framework imports this module while its views are being imported.
    from rest_framework.views import APIView


class IsCustomer(BasePermission):
    """A customer on a signed-in device. Staff hold no tokens, terminals have doors of their own."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the token is a customer's."""
        return (
            isinstance(request.auth, SignedInDevice) and request.auth.device.user.kind == User.Kind.CUSTOMER
        )


class HasProvenKey(BasePermission):
    """A device that has proven its key and nothing else yet."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether there is a proof."""
        return isinstance(request.auth, ProvenKey)
