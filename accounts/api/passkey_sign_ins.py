"""Signing an app in by a passkey alone: neither address nor password is typed."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions.api_sign_ins import ask_passkey_alone, sign_in_by_passkey
from accounts.api import examples
from accounts.api.serializers import PasskeyQuestionSerializer, TokensSerializer, device_name_field
from accounts.api.views import KeyView, tokens_response
from accounts.two_factor.passkeys.ceremonies import MAXIMUM_CREDENTIAL_CHARACTERS
from accounts.two_factor.passkeys.proofs import PasskeyAnswer
from wallet_site.api.serializers import StrictSerializer, values_of
from wallet_site.web import actor_of

_TAG = "Signing in"


class PasskeySignInSerializer(StrictSerializer):
    """The passkey's answer, and what the owner will read in the list of devices."""

    ceremony = serializers.CharField(max_length=4000, help_text="As it was given with the options.")
    credential = serializers.CharField(
        max_length=MAXIMUM_CREDENTIAL_CHARACTERS, help_text="WebAuthn's AuthenticationResponseJSON, as text."
    )
    device_name = device_name_field()


class AskPasskeyAloneView(KeyView):
    """The question."""

    @extend_schema(
        operation_id="ask_passkey_alone",
        tags=[_TAG],
        summary="Get the question for a passkey, without a password",
        description="Give `options` to the system's credential manager: it lists the passkeys that the customer has "
        "for us. The answer is the same for everybody.",
        request=None,
        responses={200: PasskeyQuestionSerializer},
        examples=[examples.ASKED],
    )
    def post(self, request: Request) -> Response:
        """A ceremony and WebAuthn's options."""
        return Response(ask_passkey_alone(key_thumbprint=self.thumbprint).as_json())


class PasskeySignInView(KeyView):
    """The tokens."""

    needs_nonce = True

    @extend_schema(
        operation_id="sign_in_by_passkey",
        tags=[_TAG],
        summary="Sign in by a passkey alone and get tokens",
        description="A passkey with a verified user (finger, face or PIN) is possession and knowledge in one: it "
        "stands for password and second factor. Refused with 422 `wrong-passkey` or `passkey-over`: ask anew.",
        request=PasskeySignInSerializer,
        responses={200: TokensSerializer},
        examples=[
            OpenApiExample(
                "A passkey",
                value={
                    "ceremony": "gAAAAABqAcbaQ2b0Yt1u9VbN3kC7f2QmXw8RrJx5pHsEoLdKw",
                    "credential": '{"id":"u1X2...","rawId":"u1X2...","type":"public-key","response":{}}',
                    "device_name": "Aya's phone",
                },
                request_only=True,
            ),
            examples.TOKENS,
        ],
    )
    def post(self, request: Request) -> Response:
        """As after password and second factor; a new device is told to its owner."""
        asked = values_of(PasskeySignInSerializer, request)
        tokens = sign_in_by_passkey(
            PasskeyAnswer(asked["ceremony"], asked["credential"]),
            device_name=asked["device_name"],
            key_thumbprint=self.thumbprint,
            actor=actor_of(request._request),
        )
        return tokens_response(tokens)
