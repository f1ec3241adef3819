"""Where a customer is signed in by browser, ending all of it at once, and every try to sign in.

The same actions and the same history as the pages'.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actions.sign_ins import end_all_others, end_everywhere, end_sign_in
from accounts.api.callers import customer_of
from accounts.models import SignIn, SignInAttempt
from accounts.places import place_of
from accounts.queries import live_sign_ins
from accounts.sign_in_history import attempts_of
from wallet_site.api.etags import TaggedListView
from wallet_site.errors import NotFound
from wallet_site.web import actor_of

_UNCHANGED = OpenApiResponse(description="Not changed since the ETag in `If-None-Match`.")
_FACTOR = '"passkey", "totp" or "recovery_code"; empty where it did not come to one.'
_PLACE = "Roughly where the network is, in the language of the request; empty where it is not known."


class SessionSerializer(serializers.ModelSerializer[SignIn]):
    """A browser that is signed in."""

    id = serializers.UUIDField(source="public_id")
    factor = serializers.CharField(help_text=_FACTOR)
    place = serializers.SerializerMethodField(help_text=_PLACE)

    class Meta:
        model = SignIn
        fields = (
            "id", "device", "network", "place", "factor", "started_at", "last_seen_at", "is_new_device",
            "is_new_network",
        )  # fmt: skip

    def get_place(self, sign_in: SignIn) -> str:
        """Looked up in a file; nobody is asked."""
        return place_of(sign_in.network)


class AttemptSerializer(serializers.ModelSerializer[SignInAttempt]):
    """One try to sign in."""

    result = serializers.ChoiceField(choices=SignInAttempt.Result.choices)
    channel = serializers.ChoiceField(choices=SignInAttempt.Channel.choices)
    factor = serializers.CharField(help_text=_FACTOR)
    place = serializers.SerializerMethodField(help_text=_PLACE)

    class Meta:
        model = SignInAttempt
        fields = (
            "at", "result", "channel", "factor", "device", "network", "place", "is_new_device", "is_new_network"
        )  # fmt: skip

    def get_place(self, attempt: SignInAttempt) -> str:
        """Looked up in a file; nobody is asked."""
        return place_of(attempt.network)


class SessionsView(TaggedListView):
    """Where the customer is signed in by browser."""

    serializer_class = SessionSerializer

    def get_queryset(self) -> QuerySet[SignIn]:
        """The customer's own, neither ended nor over."""
        return live_sign_ins(is_staff=False).filter(user=customer_of(self.request))

    @extend_schema(
        operation_id="list_sessions",
        tags=["Devices"],
        summary="List the browsers that are signed in",
        responses={200: SessionSerializer(many=True), 304: _UNCHANGED},
        examples=[
            OpenApiExample(
                "One browser",
                value={
                    "id": "3f2c8b1e-4a6d-4f0e-9b1e-0b1f4f6f9a55",
                    "device": "Chrome on Windows",
                    "network": "203.0.113.7",
                    "place": "Tokyo, Japan",
                    "factor": "passkey",
                    "started_at": "2026-05-03T08:00:00+09:00",
                    "last_seen_at": "2026-05-03T08:15:00+09:00",
                    "is_new_device": False,
                    "is_new_network": False,
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first."""
        return super().get(request, *args, **kwargs)


class SessionView(APIView):
    """One browser."""

    @extend_schema(
        operation_id="end_session",
        tags=["Devices"],
        summary="Sign a browser out",
        responses={204: None},
    )
    def delete(self, request: Request, session_id: UUID) -> Response:
        """It is out at its next request. Another customer's session, and one that has ended, is not found."""
        sign_in = SignIn.objects.filter(
            public_id=session_id, user=customer_of(request), ended_at=None
        ).first()
        if sign_in is None or not end_sign_in(
            sign_in, why="ended_by_owner", actor=actor_of(request._request)
        ):
            raise NotFound
        return Response(status=204)


class SignOutOthersView(APIView):
    """Everything but the device that asks."""

    @extend_schema(
        operation_id="sign_out_others",
        tags=["Devices"],
        summary="Sign out every browser and app but this one",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """From their next request on. A repeat changes nothing."""
        end_all_others(customer_of(request), actor=actor_of(request._request))
        return Response(status=204)


class SignOutEverywhereView(APIView):
    """Everything."""

    @extend_schema(
        operation_id="sign_out_everywhere",
        tags=["Devices"],
        summary="Sign out every browser and app, this one too",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """The tokens of this device are dead afterwards too."""
        end_everywhere(customer_of(request), actor=actor_of(request._request))
        return Response(status=204)


class SignInHistoryView(TaggedListView):
    """Every try to sign in."""

    serializer_class = AttemptSerializer

    def get_queryset(self) -> QuerySet[SignInAttempt]:
        """Those on the customer's own account."""
        return attempts_of(customer_of(self.request).pk)

    @extend_schema(
        operation_id="list_sign_ins",
        tags=["Devices"],
        summary="List every try to sign in, and what came of it",
        description="Kept for good. `wrong_factor` means that somebody knew the password; `too_many` is kept once for "
        "a quarter of an hour and network.",
        responses={200: AttemptSerializer(many=True), 304: _UNCHANGED},
        examples=[
            OpenApiExample(
                "A wrong password",
                value={
                    "at": "2026-05-03T08:00:00+09:00",
                    "result": "wrong_password",
                    "channel": "browser",
                    "factor": "",
                    "device": "Firefox on Linux",
                    "network": "198.51.100.9",
                    "place": "",
                    "is_new_device": False,
                    "is_new_network": False,
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first."""
        return super().get(request, *args, **kwargs)
