"""Signing in from an app, its tokens, its owner's devices and profile. Each view parses, calls one action, renders."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actions.api_devices import Tokens, revoke, rotate
from accounts.actions.api_sign_ins import answer_challenge, ask_passkey, begin_challenge
from accounts.actions.profiles import change_language
from accounts.api import examples
from accounts.api.authentication import DeviceKeyAuthentication, ProvenKey
from accounts.api.callers import customer_of, device_of
from accounts.api.permissions import HasProvenKey
from accounts.api.serializers import (
    AskPasskeySerializer,
    ChallengeSerializer,
    DeviceSerializer,
    FactorSerializer,
    PasskeyQuestionSerializer,
    ProfileChangeSerializer,
    ProfileSerializer,
    RefreshSerializer,
    SignInSerializer,
    TokensSerializer,
    proof_in,
)
from accounts.models import ApiDevice, PushToken
from wallet_site.api.etags import TaggedListView, require_unchanged, tagged
from wallet_site.api.problems import MEDIA_TYPE
from wallet_site.api.serializers import values_of
from wallet_site.errors import NotFound, Problem
from wallet_site.web import actor_of

_UNCHANGED = OpenApiResponse(description="Not changed since the ETag in `If-None-Match`.")


class SecondFactorNeeded(Problem):
    """The password was right; nothing is open yet."""

    code = "insufficient-authorization"
    status = 403
    title = _("A second factor is needed")
    detail = _("Enter the code of your authenticator app, or a recovery code.")


class KeyView(APIView):
    """Base of what a device asks before it has a token: the proof of its key is needed, nothing else."""

    authentication_classes = (DeviceKeyAuthentication,)
    permission_classes = (HasProvenKey,)
    # Whether a proof must hold a nonce of ours: where tokens are handed out.
    needs_nonce = False

    @property
    def thumbprint(self) -> str:
        """The key that signed this request."""
        return cast(ProvenKey, self.request.auth).thumbprint


class SignInView(KeyView):
    """First step: address and password."""

    @extend_schema(
        operation_id="sign_in",
        tags=["Signing in"],
        summary="Prove the password",
        description="The right password is never answered with a success, only with the challenge (403) that asks for "
        "a second factor, as at the authorization challenge endpoint of draft-ietf-oauth-first-party-apps. An unknown "
        "address and a wrong password get the same answer: 401 `wrong-credentials`.",
        request=SignInSerializer,
        responses={(403, MEDIA_TYPE): ChallengeSerializer},
        examples=[examples.SIGN_IN, examples.CHALLENGE],
    )
    def post(self, request: Request) -> Response:
        """Always raises: a password alone opens nothing."""
        asked = values_of(SignInSerializer, request)
        challenge = begin_challenge(
            asked["email"],
            asked["password"],
            device_name=asked["device_name"],
            key_thumbprint=self.thumbprint,
            actor=actor_of(request._request),
        )
        raise SecondFactorNeeded(
            error="insufficient_authorization",
            auth_session=challenge.auth_session,
            factors=challenge.factors,
            expires_in=challenge.expires_in,
        )


class FactorView(KeyView):
    """Second step: the code."""

    needs_nonce = True

    @extend_schema(
        operation_id="prove_factor",
        tags=["Signing in"],
        summary="Prove the second factor and get tokens",
        description="The proof must be signed with the same key as in the first step. Each try uses the `auth_session` "
        "up; a wrong code is answered (422 `wrong-code`) with the next one, until the first one's time is over. With a "
        "passkey send `ceremony` and `credential` in the place of `code` (ask for the question first).",
        request=FactorSerializer,
        responses={200: TokensSerializer},
        examples=[examples.FACTOR, examples.FACTOR_PASSKEY, examples.TOKENS],
    )
    def post(self, request: Request) -> Response:
        """Tokens for this device; its owner is told of a new one."""
        asked = values_of(FactorSerializer, request)
        tokens = answer_challenge(
            asked["auth_session"],
            proof_in(asked),
            key_thumbprint=self.thumbprint,
            actor=actor_of(request._request),
        )
        return tokens_response(tokens)


class AskPasskeyView(KeyView):
    """The question for a passkey at the second step."""

    @extend_schema(
        operation_id="ask_passkey_to_sign_in",
        tags=["Signing in"],
        summary="Get the question for a passkey",
        description="For a challenge whose `factors` name `passkey`: give `options` to the system's credential manager "
        "and prove the factor with its answer. Signed with the same key as the first step.",
        request=AskPasskeySerializer,
        responses={200: PasskeyQuestionSerializer},
        examples=[examples.ASK_PASSKEY, examples.ASKED],
    )
    def post(self, request: Request) -> Response:
        """A ceremony and WebAuthn's options."""
        asked = values_of(AskPasskeySerializer, request)
        return Response(ask_passkey(asked["auth_session"], key_thumbprint=self.thumbprint).as_json())


class RefreshView(KeyView):
    """The next pair of tokens."""

    needs_nonce = True

    @extend_schema(
        operation_id="refresh_tokens",
        tags=["Signing in"],
        summary="Change the refresh token for a fresh pair",
        description="A refresh token is good for one use by the key it was given to. Used twice, or by another key, "
        "it signs the device out for good and its owner is told: store the new pair before you use it.",
        request=RefreshSerializer,
        responses={200: TokensSerializer},
        examples=[examples.REFRESH, examples.TOKENS],
    )
    def post(self, request: Request) -> Response:
        """The next pair, once."""
        asked = values_of(RefreshSerializer, request)
        tokens = rotate(
            asked["refresh_token"], key_thumbprint=self.thumbprint, actor=actor_of(request._request)
        )
        return tokens_response(tokens)


def tokens_response(tokens: Tokens, *, status: int = 200) -> Response:
    """A fresh pair as RFC 6749 and 9449 write it, with the device's own id."""
    return Response(
        {
            "access_token": tokens.access_token,
            "token_type": "DPoP",
            "expires_in": tokens.expires_in,
            "refresh_token": tokens.refresh_token,
            "device_id": str(tokens.device.public_id),
        },
        status=status,
    )


class SignOutView(APIView):
    """The end of this device's tokens."""

    @extend_schema(
        operation_id="sign_out",
        tags=["Signing in"],
        summary="Sign this device out",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """All tokens of the device are dead afterwards."""
        revoke(device_of(request), why="signed_out", actor=actor_of(request._request))
        return Response(status=204)


class DevicesView(TaggedListView):
    """Where the customer is signed in by app."""

    serializer_class = DeviceSerializer

    def get_queryset(self) -> QuerySet[ApiDevice]:
        """The customer's own, not revoked."""
        token = PushToken.objects.filter(device=OuterRef("pk"))
        mine = ApiDevice.objects.filter(user=customer_of(self.request), revoked_at=None)
        return mine.annotate(told_by_push=Exists(token))

    def get_serializer_context(self) -> dict[str, Any]:
        """The device that asks, so that it can be marked."""
        return {**super().get_serializer_context(), "current": device_of(self.request)}

    @extend_schema(
        operation_id="list_devices",
        tags=["Devices"],
        summary="List the devices that are signed in",
        responses={200: DeviceSerializer(many=True), 304: _UNCHANGED},
        examples=[examples.DEVICES],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first."""
        return super().get(request, *args, **kwargs)


class DeviceView(APIView):
    """One device."""

    @extend_schema(
        operation_id="revoke_device",
        tags=["Devices"],
        summary="Sign a device out for good",
        responses={204: None},
    )
    def delete(self, request: Request, device_id: UUID) -> Response:
        """Its tokens are dead from its next request on. Another customer's device is not found."""
        device = ApiDevice.objects.filter(
            public_id=device_id, user=customer_of(request), revoked_at=None
        ).first()
        if device is None:
            raise NotFound
        revoke(device, why="revoked_by_owner", actor=actor_of(request._request))
        return Response(status=204)


class ProfileView(APIView):
    """Who is signed in."""

    @extend_schema(
        operation_id="get_profile",
        tags=["Profile"],
        summary="Read the profile",
        responses={200: ProfileSerializer, 304: _UNCHANGED},
        examples=[examples.PROFILE],
    )
    def get(self, request: Request) -> Response:
        """With an ETag."""
        return tagged(request, ProfileSerializer(customer_of(request)).data)

    @extend_schema(
        operation_id="change_profile",
        tags=["Profile"],
        summary="Change the language",
        description="With `If-Match` the change is made only to the version that the client has read (else 412). "
        "Address, phone, password and factors are credentials: see `/me/contacts`, `/me/password` and `/me/factors`.",
        request=ProfileChangeSerializer,
        responses={200: ProfileSerializer},
        examples=[examples.LANGUAGE, examples.PROFILE],
    )
    def patch(self, request: Request) -> Response:
        """The profile as it is afterwards."""
        user = customer_of(request)
        asked = values_of(ProfileChangeSerializer, request)
        require_unchanged(request, ProfileSerializer(user).data)
        change_language(user, language=asked["language"], actor=actor_of(request._request))
        return tagged(request, ProfileSerializer(user).data)
