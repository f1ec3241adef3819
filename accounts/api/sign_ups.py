"""Becoming a customer from an app: address, code, name and password, second factor, recovery codes, tokens.

The same steps and actions as the pages. What a browser keeps in its session an app carries along, sealed and bound to
its key. An address that has an account walks the same way to the same answers (requirement 5).
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions import sign_up_factors, sign_ups
from accounts.actions.api_devices import sign_in_device
from accounts.api import examples
from accounts.api.codes_and_apps import CODES, EXAMPLE_SEED, EXAMPLE_URI, RecoveryCodesSerializer
from accounts.api.serializers import TokensSerializer, device_name_field
from accounts.api.views import KeyView, tokens_response
from accounts.errors import SignUpOver
from accounts.models import User
from accounts.sealed_states import seal, unseal
from accounts.two_factor.enrolment import provisioning_uri
from wallet_site.api.serializers import StrictSerializer, values_of
from wallet_site.web import actor_of

TAG: Final = "Signing up"
_PURPOSE: Final = "sign_up"
SESSION: Final = "gAAAAABqAcb1Yt1u9VbN3kC7f2QmXw8RrJx5pHsEoLdK"


class NewAddressSerializer(StrictSerializer):
    """Where the code goes, and nothing that could send it elsewhere."""

    email = serializers.CharField(max_length=254)
    language = serializers.ChoiceField(
        choices=User.Language.choices, help_text="For everything we write to this person."
    )


class SignUpSessionSerializer(StrictSerializer):
    """Which sign-up."""

    sign_up_session = serializers.CharField(
        max_length=2000, help_text="From the first step. For this key alone."
    )


class SignUpCodeSerializer(SignUpSessionSerializer):
    """A code: from the mail, or of the new app."""

    code = serializers.CharField(max_length=40)


class PersonSerializer(SignUpSessionSerializer):
    """Who it is. The password is neither trimmed nor cut."""

    full_name = serializers.CharField(max_length=200)
    password = serializers.CharField(max_length=256, trim_whitespace=False, style={"input_type": "password"})


class OpenAccountSerializer(SignUpSessionSerializer):
    """The codes are saved; the account may open on this device."""

    device_name = device_name_field()


class SignUpBegunSerializer(serializers.Serializer[Any]):
    """The code is in the mail."""

    sign_up_session = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until it must begin anew.")


class SeedSerializer(serializers.Serializer[Any]):
    """The key of the authenticator app to come."""

    seed = serializers.CharField(help_text="In base32, for typing.")
    uri = serializers.CharField(help_text="The same as `otpauth://`.")


AGAIN = OpenApiExample("The same sign-up", value={"sign_up_session": SESSION}, request_only=True)


class SignUpView(KeyView):
    """The address."""

    def sign_up_id(self, session: str) -> UUID:
        """The sign-up that this key has begun. Raises `SignUpOver`."""
        facts = unseal(session, _PURPOSE, holder=self.thumbprint)
        if facts is None:
            raise SignUpOver
        return UUID(facts["id"])

    @extend_schema(
        operation_id="begin_sign_up",
        tags=[TAG],
        summary="Begin to sign up: send a code to an address",
        description="The answer is the same for an address that has an account; its owner is told by mail.",
        request=NewAddressSerializer,
        responses={202: SignUpBegunSerializer},
        examples=[
            OpenApiExample(
                "A new customer", value={"email": "hana@example.com", "language": "ja"}, request_only=True
            ),
            OpenApiExample(
                "The code is on its way",
                value={"sign_up_session": SESSION, "expires_in": 3600},
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """202 for every address."""
        asked = values_of(NewAddressSerializer, request)
        sign_up = sign_ups.begin_sign_up(
            asked["email"], language=asked["language"], actor=actor_of(request._request)
        )
        lifetime = sign_ups.SIGN_UP_LIFETIME
        session = seal(_PURPOSE, holder=self.thumbprint, lifetime=lifetime, id=str(sign_up.pk))
        return Response({"sign_up_session": session, "expires_in": int(lifetime.total_seconds())}, status=202)


class SignUpCodeView(SignUpView):
    """The code from the mail."""

    @extend_schema(
        operation_id="confirm_sign_up_address",
        tags=[TAG],
        summary="Confirm the address with its code",
        description="Five wrong codes (422 `wrong-mail-code`) and another one is needed. 409 `sign-up-over`: begin "
        "anew.",
        request=SignUpCodeSerializer,
        responses={204: None},
        examples=[
            OpenApiExample(
                "The code from the mail",
                value={"sign_up_session": SESSION, "code": "40912873"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """204: go on with name and password."""
        asked = values_of(SignUpCodeSerializer, request)
        sign_ups.confirm_address(
            self.sign_up_id(asked["sign_up_session"]), asked["code"], actor=actor_of(request._request)
        )
        return Response(status=204)


class SignUpCodeAgainView(SignUpView):
    """Another code."""

    @extend_schema(
        operation_id="resend_sign_up_code",
        tags=[TAG],
        summary="Send another code to the address",
        description="The one before is no longer valid.",
        request=SignUpSessionSerializer,
        responses={202: None},
        examples=[AGAIN],
    )
    def post(self, request: Request) -> Response:
        """202."""
        asked = values_of(SignUpSessionSerializer, request)
        sign_ups.resend_code(self.sign_up_id(asked["sign_up_session"]), actor=actor_of(request._request))
        return Response(status=202)


class SignUpPersonView(SignUpView):
    """Name and password."""

    @extend_schema(
        operation_id="describe_person",
        tags=[TAG],
        summary="Say the name and choose a password",
        description="Answers with the key of the authenticator app that must be bound next; a repeat makes another. "
        "Refused (422 at `/password`): fewer than 12 characters, common or leaked ones, one's own name or address.",
        request=PersonSerializer,
        responses={200: SeedSerializer},
        examples=[
            OpenApiExample(
                "Name and password",
                value={
                    "sign_up_session": SESSION,
                    "full_name": "加藤 花",
                    "password": "a quiet harbour at dawn",
                },
                request_only=True,
            ),
            OpenApiExample(
                "The app's key", value={"seed": EXAMPLE_SEED, "uri": EXAMPLE_URI}, response_only=True
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """A fresh seed."""
        asked = values_of(PersonSerializer, request)
        sign_up = sign_ups.describe_person(
            self.sign_up_id(asked["sign_up_session"]),
            full_name=asked["full_name"],
            password=asked["password"],
            actor=actor_of(request._request),
        )
        seed = sign_up.totp_seed or ""
        return Response({"seed": seed, "uri": provisioning_uri(seed, sign_up.email)})


class SignUpAppView(SignUpView):
    """The second factor."""

    @extend_schema(
        operation_id="prove_sign_up_app",
        tags=[TAG],
        summary="Prove the authenticator app's first code",
        description="Answers with the recovery codes; a repeat answers the same. Let the customer save them.",
        request=SignUpCodeSerializer,
        responses={200: RecoveryCodesSerializer},
        examples=[
            OpenApiExample(
                "The app's code", value={"sign_up_session": SESSION, "code": "775310"}, request_only=True
            ),
            CODES,
        ],
    )
    def post(self, request: Request) -> Response:
        """Ten codes. There is no account yet."""
        asked = values_of(SignUpCodeSerializer, request)
        sign_up = sign_up_factors.prove_app(
            self.sign_up_id(asked["sign_up_session"]), asked["code"], actor=actor_of(request._request)
        )
        return Response({"recovery_codes": (sign_up.recovery_codes or "").split("\n")})


class OpenAccountView(SignUpView):
    """The account."""

    needs_nonce = True

    @extend_schema(
        operation_id="open_account",
        tags=[TAG],
        summary="Open the account and sign this device in",
        description="Send it when the recovery codes are saved. The wallet is there and empty. A repeat is 409 "
        "`sign-up-over`: the account is open, sign in as usual.",
        request=OpenAccountSerializer,
        responses={201: TokensSerializer},
        examples=[
            OpenApiExample(
                "Codes are saved",
                value={"sign_up_session": SESSION, "device_name": "Hana's phone"},
                request_only=True,
            ),
            examples.TOKENS,
        ],
    )
    def post(self, request: Request) -> Response:
        """Tokens, as after signing in."""
        asked, actor = values_of(OpenAccountSerializer, request), actor_of(request._request)
        opened = sign_ups.open_account(self.sign_up_id(asked["sign_up_session"]), actor=actor)
        tokens = sign_in_device(
            opened.user,
            name=asked["device_name"],
            key_thumbprint=self.thumbprint,
            factor=opened.proof.method,
            actor=actor,
        )
        return tokens_response(tokens, status=201)
