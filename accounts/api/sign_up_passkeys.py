"""A passkey as the second factor of somebody who is signing up from an app, in the place of an authenticator app."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import sign_up_factors
from accounts.api import examples
from accounts.api.codes_and_apps import CODES, RecoveryCodesSerializer
from accounts.api.serializers import PasskeyQuestionSerializer
from accounts.api.sign_ups import AGAIN, SESSION, TAG, SignUpSessionSerializer, SignUpView
from accounts.two_factor.passkeys.ceremonies import MAXIMUM_CREDENTIAL_CHARACTERS
from wallet_site.api.serializers import values_of
from wallet_site.web import actor_of


class SignUpPasskeySerializer(SignUpSessionSerializer):
    """The authenticator's answer."""

    ceremony = serializers.CharField(max_length=4000, help_text="As it was given with the options.")
    credential = serializers.CharField(
        max_length=MAXIMUM_CREDENTIAL_CHARACTERS, help_text="WebAuthn's RegistrationResponseJSON, as text."
    )


class AskSignUpPasskeyView(SignUpView):
    """The question for a new passkey."""

    @extend_schema(
        operation_id="ask_sign_up_passkey",
        tags=[TAG],
        summary="Get the question for the passkey to come",
        description="After name and password, in the place of the authenticator app: give `options` to the system's "
        "credential manager.",
        request=SignUpSessionSerializer,
        responses={200: PasskeyQuestionSerializer},
        examples=[AGAIN, examples.ASKED],
    )
    def post(self, request: Request) -> Response:
        """A ceremony and WebAuthn's options."""
        asked = values_of(SignUpSessionSerializer, request)
        return Response(sign_up_factors.begin_passkey(self.sign_up_id(asked["sign_up_session"])).as_json())


class SignUpPasskeyView(SignUpView):
    """The passkey."""

    @extend_schema(
        operation_id="prove_sign_up_passkey",
        tags=[TAG],
        summary="Keep the passkey that was made",
        description="Answers with the recovery codes; let the customer save them. Of a passkey and an app "
        "the one that was proven last counts.",
        request=SignUpPasskeySerializer,
        responses={200: RecoveryCodesSerializer},
        examples=[
            OpenApiExample(
                "What the authenticator answered",
                value={
                    "sign_up_session": SESSION,
                    "ceremony": "gAAAAABqAcd2Zt1u9VbN3kC7f2QmXw8RrJx5pHsEoLdK",
                    "credential": '{"id": "u1X2n0p5T7y", "type": "public-key", "response": {}}',
                },
                request_only=True,
            ),
            CODES,
        ],
    )
    def post(self, request: Request) -> Response:
        """Ten codes. There is no account yet."""
        asked = values_of(SignUpPasskeySerializer, request)
        sign_up = sign_up_factors.prove_passkey(
            self.sign_up_id(asked["sign_up_session"]),
            ceremony=asked["ceremony"],
            credential=asked["credential"],
            actor=actor_of(request._request),
        )
        return Response({"recovery_codes": (sign_up.recovery_codes or "").split("\n")})
