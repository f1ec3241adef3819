"""What was changed about how somebody signs in: what the security page shows, for apps."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.addresses import mask
from accounts.api.callers import customer_of
from accounts.models import CredentialChange
from wallet_site.api.etags import TaggedListView


class ChangeSerializer(serializers.Serializer[CredentialChange]):
    """One change, as it was told."""

    kind = serializers.ChoiceField(choices=CredentialChange.Kind.choices)
    title = serializers.CharField(source="get_kind_display", help_text="In the language of the request.")
    before = serializers.SerializerMethodField(help_text='Masked; "" where there is nothing to say.')
    after = serializers.SerializerMethodField(help_text="Likewise.")
    at = serializers.DateTimeField()
    by = serializers.SerializerMethodField(
        help_text="`customer`, `staff`, `system`, or `database` for a hand there."
    )
    device = serializers.SerializerMethodField(help_text='"" where it is not known.')
    network = serializers.SerializerMethodField(help_text="Likewise.")

    def get_before(self, change: CredentialChange) -> str:
        """The old value."""
        return mask(change.old_value)

    def get_after(self, change: CredentialChange) -> str:
        """The new value."""
        return mask(change.new_value)

    def get_by(self, change: CredentialChange) -> str:
        """Who made it."""
        return str(change.actor.get("kind", ""))

    def get_device(self, change: CredentialChange) -> str:
        """From where; a member of staff's own is nobody's business."""
        return self._of_customer(change, "device")

    def get_network(self, change: CredentialChange) -> str:
        """Likewise."""
        return self._of_customer(change, "network")

    def _of_customer(self, change: CredentialChange, name: str) -> str:
        return "" if change.actor.get("kind") == "staff" else str(change.actor.get(name, ""))


_CHANGE = OpenApiExample(
    "Another address",
    value={
        "kind": "email_changed",
        "title": "E-mail address changed",
        "before": "ay•••@e••••••.com",
        "after": "ay•••••••@e••••••.com",
        "at": "2026-05-03T10:04:00+09:00",
        "by": "customer",
        "device": "Kakehashi on iPhone",
        "network": "203.0.113.7",
    },
    response_only=True,
)


class ChangesView(TaggedListView):
    """The history."""

    serializer_class = ChangeSerializer

    def get_queryset(self) -> QuerySet[CredentialChange]:
        """The customer's own, the newest first."""
        return CredentialChange.objects.filter(user=customer_of(self.request))

    @extend_schema(
        operation_id="list_changes",
        tags=["Profile"],
        summary="List what was changed about signing in",
        description="Passwords, addresses, factors, recovery codes, devices: written down by the database, whoever "
        "made the change, and told to all addresses when it was made.",
        responses={
            200: ChangeSerializer(many=True),
            304: OpenApiResponse(description="Not changed since the ETag in `If-None-Match`."),
        },
        examples=[_CHANGE],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first."""
        return super().get(request, *args, **kwargs)
