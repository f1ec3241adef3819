"""One's passkeys and authenticator apps from an app: list, name, remove; make a passkey."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actions.factors import remove_factor, rename_factor
from accounts.actions.passkeys import add_passkey, begin_passkey
from accounts.api import examples
from accounts.api.callers import customer_of, device_of
from accounts.api.serializers import FACTORS, PasskeyQuestionSerializer
from accounts.models import Passkey, TotpDevice
from accounts.two_factor.methods import find_factor, list_factors
from accounts.two_factor.passkeys.ceremonies import MAXIMUM_CREDENTIAL_CHARACTERS
from wallet_site.api.serializers import StrictSerializer, values_of
from wallet_site.errors import NotFound
from wallet_site.web import actor_of

_TAG = "Second factors"


class OwnFactorSerializer(serializers.Serializer[Any]):
    """A passkey or an authenticator app."""

    id = serializers.UUIDField(source="public_id")
    method = serializers.ChoiceField(choices=FACTORS)
    name = serializers.CharField(help_text="As its owner calls it.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    synced = serializers.BooleanField(help_text="Whether its maker keeps it on all of the owner's devices.")


class RenameFactorSerializer(StrictSerializer):
    """What it shall be called."""

    name = serializers.CharField(max_length=40)


class NewPasskeySerializer(StrictSerializer):
    """The authenticator's answer."""

    ceremony = serializers.CharField(max_length=4000, help_text="As it was given with the options.")
    credential = serializers.CharField(
        max_length=MAXIMUM_CREDENTIAL_CHARACTERS, help_text="WebAuthn's RegistrationResponseJSON, as text."
    )
    name = serializers.CharField(
        required=False, max_length=40, help_text="Without one it is called after what made it."
    )


_FACTOR = {
    "id": "0b8f5d8a-4a0f-4f63-9b39-5c8f2a1d7e12",
    "method": "passkey",
    "name": "Aya's phone",
    "created_at": "2026-11-01T09:00:00+09:00",
    "last_used_at": None,
    "synced": True,
}
_ONE = OpenApiExample("A passkey", value=_FACTOR, response_only=True)
_RENAME = OpenApiExample("Another name", value={"name": "Tablet"}, request_only=True)
_NEW = OpenApiExample(
    "A new passkey",
    value={"ceremony": "gAAAAABqAcba", "credential": '{"id":"u1X2..."}', "name": "Tablet"},
    request_only=True,
)


class FactorsView(APIView):
    """All of one's second factors."""

    @extend_schema(
        operation_id="list_factors",
        tags=[_TAG],
        summary="List passkeys and authenticator apps",
        description="Passkeys first. Recovery codes are no factor but the spare of one and are not listed.",
        responses={200: OwnFactorSerializer(many=True)},
        examples=[_ONE],
    )
    def get(self, request: Request) -> Response:
        """Never a secret."""
        return Response(OwnFactorSerializer(list_factors(customer_of(request)), many=True).data)


class FactorView(APIView):
    """One of them."""

    @extend_schema(
        operation_id="rename_factor",
        tags=[_TAG],
        summary="Rename a factor",
        request=RenameFactorSerializer,
        responses={200: OwnFactorSerializer},
        examples=[_RENAME, _ONE],
    )
    def patch(self, request: Request, factor_id: UUID) -> Response:
        """A name is no credential: no fresh proof is asked, and nobody is told."""
        asked = values_of(RenameFactorSerializer, request)
        rename_factor(_find(request, factor_id), name=asked["name"], actor=actor_of(request._request))
        return Response(shown_factor(request, factor_id))

    @extend_schema(
        operation_id="remove_factor",
        tags=[_TAG],
        summary="Remove a factor",
        description="Needs a fresh step-up. All addresses are told; everything but this device is signed out. "
        "The last factor stays too: 409 `last-factor`.",
        responses={204: None},
    )
    def delete(self, request: Request, factor_id: UUID) -> Response:
        """204; 404 when it is gone already or somebody else's."""
        remove_factor(_find(request, factor_id), actor=actor_of(request._request))
        return Response(status=204)


class AskNewPasskeyView(APIView):
    """The question with which a passkey is made."""

    @extend_schema(
        operation_id="ask_new_passkey",
        tags=[_TAG],
        summary="Get the options for a new passkey",
        description="Needs a fresh step-up. Give `options` to the system's credential manager.",
        request=None,
        responses={200: PasskeyQuestionSerializer},
        examples=[examples.ASKED],
    )
    def post(self, request: Request) -> Response:
        """A ceremony and WebAuthn's options."""
        user = customer_of(request)
        return Response(
            begin_passkey(user, bearer=_bearer(request), actor=actor_of(request._request)).as_json()
        )


class PasskeysView(APIView):
    """Passkeys that this app makes."""

    @extend_schema(
        operation_id="add_passkey",
        tags=[_TAG],
        summary="Add a passkey",
        description="Needs a fresh step-up. All addresses are told; everything but this device is signed out.",
        request=NewPasskeySerializer,
        responses={201: OwnFactorSerializer},
        examples=[_NEW, _ONE],
    )
    def post(self, request: Request) -> Response:
        """Each answer is good for one try."""
        asked = values_of(NewPasskeySerializer, request)
        passkey = add_passkey(
            customer_of(request),
            ceremony=asked["ceremony"],
            credential=asked["credential"],
            name=asked.get("name", ""),
            bearer=_bearer(request),
            actor=actor_of(request._request),
        )
        return Response(shown_factor(request, passkey.public_id), status=201)


def _bearer(request: Request) -> str:
    return f"device:{device_of(request).public_id}"


def _find(request: Request, factor_id: UUID) -> Passkey | TotpDevice:
    device = find_factor(customer_of(request), factor_id)
    if device is None:
        raise NotFound
    return device


def shown_factor(request: Request, factor_id: UUID) -> Any:
    """One of the caller's own as the API shows it. Raises `NotFound`."""
    found = [one for one in list_factors(customer_of(request)) if one.public_id == factor_id]
    if not found:
        raise NotFound
    return OwnFactorSerializer(found[0]).data
