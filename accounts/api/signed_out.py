"""What an app asks when nobody is signed in on it: a new password, and the lock.

The same actions as the pages behind it. The proof of a device key is needed as for signing in; it identifies nobody,
and no answer tells whether an account exists.
"""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actions.locks import LIFETIME as LOCK_LIFETIME
from accounts.actions.locks import ask_lock, confirm_lock
from accounts.actions.resets import LINK_LIFETIME, ask_passkey, ask_reset, finish_reset, token_digest
from accounts.api import examples
from accounts.api.serializers import PasskeyQuestionSerializer, ProofSerializer, proof_in
from accounts.api.views import KeyView
from wallet_site.api.serializers import StrictSerializer, values_of
from wallet_site.web import actor_of

_LINK: Final = "Zr3vK0mQ8dXo1b7tYw2nLfUe5sJcHg9aPiAqRxV4T6E"
_LOCK_ID: Final = "7e0d8a52-1c8f-4a52-8f0a-2c5d0b1f7a44"
ADDRESS: Final = OpenApiExample("Any address on file", value={"email": "aya@example.com"}, request_only=True)


class AddressSerializer(StrictSerializer):
    """An address, and nothing that could change where the mail goes."""

    email = serializers.CharField(max_length=254)


class AskedSerializer(serializers.Serializer[Any]):
    """The same for every address."""

    expires_in = serializers.IntegerField(help_text="Seconds in which what was mailed, if it was, is good.")


class LockAskedSerializer(AskedSerializer):
    """The same for every address; the id goes with the code."""

    lock_id = serializers.UUIDField()


class LockCodeSerializer(StrictSerializer):
    """The code from the mail."""

    lock_id = serializers.UUIDField(help_text="From the answer to the asking.")
    code = serializers.CharField(max_length=20, help_text="Eight digits.")


class ResetLinkSerializer(StrictSerializer):
    """Whose passkey is asked."""

    token = serializers.CharField(
        max_length=200,
        help_text="The last part of the mailed link `/reset/link/<token>/`. Not used up by this.",
    )


class NewPasswordSerializer(ProofSerializer):
    """The link's secret, the second factor, and the new password; it is neither trimmed nor cut."""

    token = serializers.CharField(
        max_length=200, help_text="The last part of the mailed link `/reset/link/<token>/`."
    )
    new_password = serializers.CharField(
        max_length=256, trim_whitespace=False, style={"input_type": "password"}
    )


class PasswordResetView(KeyView):
    """A link to the address of the account."""

    @extend_schema(
        operation_id="ask_password_reset",
        tags=["Without signing in"],
        summary="Ask for a link to choose a new password",
        description="The link goes to the confirmed address of the account or nowhere. It is good for fifteen minutes "
        "and one use, and worthless without the second factor. Let your app open it (an https app link).",
        request=AddressSerializer,
        responses={202: AskedSerializer},
        examples=[ADDRESS, OpenApiExample("Accepted", value={"expires_in": 900}, response_only=True)],
    )
    def post(self, request: Request) -> Response:
        """202 for every address."""
        ask_reset(values_of(AddressSerializer, request)["email"], actor=actor_of(request._request))
        return Response({"expires_in": int(LINK_LIFETIME.total_seconds())}, status=202)


class PasswordResetPasskeyView(KeyView):
    """The question for a passkey that proves the second factor of a reset."""

    @extend_schema(
        operation_id="ask_passkey_to_reset",
        tags=["Without signing in"],
        summary="Get the question for a passkey",
        description="Give `options` to the system's credential manager and send its answer as `ceremony` and "
        "`credential` in the place of `code`. The link becomes part of what the passkey signs, and only the key that "
        "asked may answer.",
        request=ResetLinkSerializer,
        responses={200: PasskeyQuestionSerializer},
        examples=[
            OpenApiExample("The mailed link's secret", value={"token": _LINK}, request_only=True),
            examples.ASKED,
        ],
    )
    def post(self, request: Request) -> Response:
        """A ceremony and WebAuthn's options. 409 `link-over`."""
        asked = values_of(ResetLinkSerializer, request)
        question = ask_passkey(token_digest(asked["token"]), bearer=f"key:{self.thumbprint}")
        return Response(question.as_json())


class PasswordResetFinishView(KeyView):
    """The new password."""

    @extend_schema(
        operation_id="finish_password_reset",
        tags=["Without signing in"],
        summary="Choose the new password",
        description="The link and the second factor together set it. Everything is signed out and every address is "
        "told; nobody is signed in by it. A link that was used, is too old, or was followed by any change of the "
        "account gets 409 `link-over`.",
        request=NewPasswordSerializer,
        responses={204: None},
        examples=[
            OpenApiExample(
                "Link, factor, password",
                value={
                    "token": _LINK,
                    "code": "492039",
                    "new_password": "seven lanterns on a bridge",
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """204: sign in with it."""
        asked = values_of(NewPasswordSerializer, request)
        finish_reset(
            token_digest(asked["token"]),
            answer=proof_in(asked),
            new_password=asked["new_password"],
            actor=actor_of(request._request),
            bearer=f"key:{self.thumbprint}",
        )
        return Response(status=204)


class LockView(KeyView):
    """The code that stops an account."""

    @extend_schema(
        operation_id="ask_lock",
        tags=["Without signing in"],
        summary="Ask for the code that stops an account",
        description="For who lost phone or password, or whose account somebody else holds. A code goes to every "
        "address of the account; the address may be the present one, the second one, or one that was replaced within "
        "30 days.",
        request=AddressSerializer,
        responses={202: LockAskedSerializer},
        examples=[
            ADDRESS,
            OpenApiExample("Accepted", value={"lock_id": _LOCK_ID, "expires_in": 900}, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """202 for every address."""
        asked = ask_lock(values_of(AddressSerializer, request)["email"], actor=actor_of(request._request))
        body = {"lock_id": str(asked.pk), "expires_in": int(LOCK_LIFETIME.total_seconds())}
        return Response(body, status=202)


class LockConfirmView(KeyView):
    """The stop."""

    @extend_schema(
        operation_id="confirm_lock",
        tags=["Without signing in"],
        summary="Stop the account",
        description="Nothing can be paid, sent, topped up or linked from the next request on, every browser and app "
        "is signed out, every address is told, and the support desk has a case. Five wrong codes and it is over.",
        request=LockCodeSerializer,
        responses={204: None},
        examples=[
            OpenApiExample(
                "The code from the mail", value={"lock_id": _LOCK_ID, "code": "40912873"}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """204: it is stopped. 422 `wrong-mail-code` for every code that stops nothing."""
        asked = values_of(LockCodeSerializer, request)
        confirm_lock(asked["lock_id"], asked["code"], actor=actor_of(request._request))
        return Response(status=204)
