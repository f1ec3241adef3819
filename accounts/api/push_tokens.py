"""Where the app on this device is told by push."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actions.push_tokens import register_push_token, remove_push_token
from accounts.api.callers import device_of
from accounts.models import PushToken
from wallet_site.api.serializers import StrictSerializer, values_of
from wallet_site.errors import NotFound
from wallet_site.web import actor_of

_TAG = "Devices"


class PushTokenSerializer(StrictSerializer):
    """What the phone's push service gave to the app."""

    provider = serializers.ChoiceField(choices=PushToken.Provider.choices)
    token = serializers.RegexField(
        r"^[A-Za-z0-9_:.=/+-]{16,}\Z", max_length=1024, help_text="As the phone's push service gave it."
    )


class RegisteredSerializer(serializers.ModelSerializer[PushToken]):
    """That there is one. The token itself is never shown again."""

    class Meta:
        model = PushToken
        fields = ("provider", "registered_at")


_TOKEN = OpenApiExample(
    "An Android phone",
    value={
        "provider": "fcm",
        "token": "cXf3bT9yLw2mD5nR7cGhV4:APA91bHPRgkF3JUikC4ENAHEeMrd41Zxv3hVZjC9KtT8OvPVGJ",
    },
    request_only=True,
)
_REGISTERED = OpenApiExample(
    "Told by push",
    value={"provider": "fcm", "registered_at": "2026-11-01T09:00:00+09:00"},
    response_only=True,
)


class PushTokenView(APIView):
    """The push token of the device that asks."""

    @extend_schema(
        operation_id="get_push_token",
        tags=[_TAG],
        summary="Read whether this device is told by push",
        responses={200: RegisteredSerializer},
        examples=[_REGISTERED],
    )
    def get(self, request: Request) -> Response:
        """404 when it is not."""
        found: Any = PushToken.objects.filter(device=device_of(request)).first()
        if found is None:
            raise NotFound
        return Response(RegisteredSerializer(found).data)

    @extend_schema(
        operation_id="register_push_token",
        tags=[_TAG],
        summary="Register this device's push token",
        description="Send it after signing in and whenever the phone gives the app another one. What concerns the "
        "safety of the account is always told by push too; receipts as the customer chose. A message holds no secret "
        "and no link that opens anything. The same token on another device is dropped there.",
        request=PushTokenSerializer,
        responses={204: None},
        examples=[_TOKEN],
    )
    def put(self, request: Request) -> Response:
        """204."""
        asked = values_of(PushTokenSerializer, request)
        register_push_token(
            device_of(request),
            provider=asked["provider"],
            token=asked["token"],
            actor=actor_of(request._request),
        )
        return Response(status=204)

    @extend_schema(
        operation_id="remove_push_token",
        tags=[_TAG],
        summary="Remove this device's push token",
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        """204, also when there was none."""
        remove_push_token(device_of(request), actor=actor_of(request._request))
        return Response(status=204)
