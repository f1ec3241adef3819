"""Authenticator apps and recovery codes from the wallet's app: a seed, its first code, a new set of spares."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import queries
from accounts.actions.api_factors import begin_totp, finish_totp
from accounts.actions.factors import renew_recovery_codes
from accounts.api.callers import customer_of, device_of
from accounts.api.factors import OwnFactorSerializer, shown_factor
from wallet_site.api.serializers import StrictSerializer, values_of
from wallet_site.web import actor_of

_TAG = "Second factors"
EXAMPLE_SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
EXAMPLE_URI = (
    f"otpauth://totp/Kakehashi:aya%40example.com?secret={EXAMPLE_SEED}&issuer=Kakehashi&digits=6&period=30"
)
EXAMPLE_CODES = ["4DTA-O2XU-7RKB-M5QC", "ZJ3W-6YHN-PLEV-2GSI"]
_ENROLMENT = "gAAAAABqAcbxQ2b0Yt1u9VbN3kC7f2QmXw8RrJx5pHsEoLdKw"


class NewAppSerializer(serializers.Serializer[Any]):
    """A key for an authenticator app. It counts once its first code came back."""

    enrolment = serializers.CharField(help_text="Bring it back with the first code. For this device alone.")
    seed = serializers.CharField(help_text="The key in base32, for typing.")
    uri = serializers.CharField(
        help_text="`otpauth://`, to open an app on this phone or to draw as a QR code."
    )
    expires_in = serializers.IntegerField(help_text="Seconds in which the first code must come.")


class AddAppSerializer(StrictSerializer):
    """The app's first code."""

    enrolment = serializers.CharField(max_length=2000, help_text="As it was given with the key.")
    code = serializers.CharField(max_length=40, help_text="Six digits that the app shows now.")
    name = serializers.CharField(max_length=40, help_text="As its owner calls it.")


class CodesLeftSerializer(serializers.Serializer[Any]):
    """How many spares there are. The codes themselves are shown once, when they are made."""

    left = serializers.IntegerField()
    made_at = serializers.DateTimeField(allow_null=True)
    are_few = serializers.BooleanField(help_text="It is time for new ones.")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    """Ten codes, this once. Let the customer save them; they are kept as digests here."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


CODES = OpenApiExample("Shown once", value={"recovery_codes": EXAMPLE_CODES}, response_only=True)


class AppSeedView(APIView):
    """The key with which an app is bound."""

    @extend_schema(
        operation_id="ask_new_app",
        tags=[_TAG],
        summary="Get the key for a new authenticator app",
        description="Needs a fresh step-up. Nothing is bound before the app's first code comes back to `add_app`.",
        request=None,
        responses={200: NewAppSerializer},
        examples=[
            OpenApiExample(
                "A key",
                value={
                    "enrolment": _ENROLMENT,
                    "seed": EXAMPLE_SEED,
                    "uri": EXAMPLE_URI,
                    "expires_in": 600,
                },
                response_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """A fresh one at each call."""
        begun = begin_totp(customer_of(request), bearer=_bearer(request), actor=actor_of(request._request))
        return Response(asdict(begun))


class AppsView(APIView):
    """Authenticator apps that are bound from here."""

    @extend_schema(
        operation_id="add_app",
        tags=[_TAG],
        summary="Add an authenticator app",
        description="Needs a fresh step-up. All addresses are told; everything but this device is signed out. A wrong "
        "code (422 `wrong-code`) may be tried again; a repeat after success is 409 `app-known`.",
        request=AddAppSerializer,
        responses={201: OwnFactorSerializer},
        examples=[
            OpenApiExample(
                "The first code",
                value={"enrolment": _ENROLMENT, "code": "775310", "name": "Tablet"},
                request_only=True,
            ),
            OpenApiExample(
                "An app",
                value={
                    "id": "9a3c2f55-0f0e-4d5e-8a75-3a8f5d0c7b21",
                    "method": "totp",
                    "name": "Tablet",
                    "created_at": "2026-11-01T09:00:00+09:00",
                    "last_used_at": "2026-11-01T09:00:00+09:00",
                    "synced": False,
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """The code is burnt: it proves nothing else."""
        asked = values_of(AddAppSerializer, request)
        device = finish_totp(
            customer_of(request), **asked, bearer=_bearer(request), actor=actor_of(request._request)
        )
        return Response(shown_factor(request, device.public_id), status=201)


class RecoveryCodesView(APIView):
    """The spares."""

    @extend_schema(
        operation_id="count_recovery_codes",
        tags=[_TAG],
        summary="Read how many recovery codes are left",
        responses={200: CodesLeftSerializer},
        examples=[
            OpenApiExample(
                "Nine",
                value={"left": 9, "made_at": "2026-11-01T09:00:00+09:00", "are_few": False},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Never a code."""
        return Response(CodesLeftSerializer(queries.codes_left(customer_of(request))).data)

    @extend_schema(
        operation_id="renew_recovery_codes",
        tags=[_TAG],
        summary="Make new recovery codes",
        description="Needs a fresh step-up. The ten codes are in this answer and never again; the old ones are "
        "worthless from now on. All addresses are told; everything but this device is signed out.",
        request=None,
        responses={201: RecoveryCodesSerializer},
        examples=[CODES],
    )
    def post(self, request: Request) -> Response:
        """A repeat makes yet another set."""
        codes = renew_recovery_codes(customer_of(request), actor=actor_of(request._request))
        return Response({"recovery_codes": codes}, status=201)


def _bearer(request: Request) -> str:
    return f"device:{device_of(request).public_id}"
