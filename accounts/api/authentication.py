"""Who calls the API: a device by its token and its key, or, before there is a token, by its key alone.

Bearer and Basic are refused: a token that could be used without the key would be worth stealing (requirement 35).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import policy
from accounts.actions.api_devices import access_digest
from accounts.api import dpop
from accounts.api.dpop_nonces import HEADER, fresh_nonce
from accounts.errors import Suspended
from accounts.models import AccessToken, ApiDevice, Suspension, User
from wallet_site.crypto import equal
from wallet_site.errors import NotSignedIn
from wallet_site.switches.asking import pulled_now
from wallet_site.switches.errors import SwitchedOff

# How often "last seen" is written: people read it by the minute.
_SEEN_EVERY = timedelta(minutes=1)


class InvalidToken(NotSignedIn):
    """The access token is unknown, expired, revoked, or was given to another device. Which one is not told."""

    code = "invalid-token"
    title = _("Please sign in")
    detail = _("This access token is not valid for this device. Refresh it, or sign in again.")
    challenge = f'DPoP error="invalid_token", {dpop.ALGS}'


class TokenMissing(NotSignedIn):
    """The request brings no `Authorization: DPoP ...`."""

    code = "token-missing"
    title = _("Please sign in")
    detail = _("Send an access token as 'Authorization: DPoP <token>', with a DPoP proof.")
    challenge = f"DPoP {dpop.ALGS}"


@dataclass(frozen=True, slots=True)
class SignedInDevice:
    """`request.auth` of a request that brought token and proof."""

    device: ApiDevice

    @property
    def caller(self) -> str:
        """Whose limits and idempotency keys these are: all devices of one person together."""
        return f"customer:{self.device.user_id}"


@dataclass(frozen=True, slots=True)
class ProvenKey:
    """`request.auth` of a request that brought a proof only: somebody on the way in, or refreshing."""

    thumbprint: str


class DeviceTokenAuthentication(BaseAuthentication):
    """`Authorization: DPoP <access token>` and a proof by the key that the token was given to.

    Asked at every request, answered by the database: token not expired by its clock, device not revoked, person
    active, a customer and not suspended from signing in (requirement 34).
    """

    def authenticate(self, request: Request) -> tuple[User, SignedInDevice]:
        """The customer and the device.

        Raises `InvalidToken`, `InvalidProof`, `Suspended`, `SwitchedOff` or `Unavailable`.
        """
        _offer_nonce(request)
        secret = _token_in(request)
        proof = dpop.verify(
            request.headers.get("DPoP", ""),
            method=request.method or "",
            path=request.path,
            access_token=secret,
        )
        token = _live_token(secret)
        if token is None or not equal(token.device.key_thumbprint, proof.thumbprint):
            raise InvalidToken
        if "sign_in" in token.pulled:
            raise SwitchedOff("sign_in")
        if token.is_stopped:
            raise Suspended(capability="sign_in")
        device = token.device
        _mark_seen(device)
        request._request.token_id = str(device.public_id)  # type: ignore[attr-defined]
        request._request.verified_at = device.verified_at  # type: ignore[attr-defined]
        return device.user, SignedInDevice(device)

    def authenticate_header(self, request: Request) -> str:
        """The challenge of every 401 that has no sharper one."""
        return f"DPoP {dpop.ALGS}"


class DeviceKeyAuthentication(BaseAuthentication):
    """A proof alone, for the requests that get the first token or the next one."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ProvenKey]:
        """Nobody yet, and the key. Raises `InvalidProof`, `NonceNeeded` or `Unavailable`.

        A view that hands out tokens says `needs_nonce`.
        """
        _offer_nonce(request)
        view = (request.parser_context or {}).get("view")
        proof = dpop.verify(
            request.headers.get("DPoP", ""),
            method=request.method or "",
            path=request.path,
            needs_nonce=getattr(view, "needs_nonce", False),
        )
        return AnonymousUser(), ProvenKey(proof.thumbprint)

    def authenticate_header(self, request: Request) -> str:
        """The challenge of every 401 that has no sharper one."""
        return f"DPoP {dpop.ALGS}"


def _offer_nonce(request: Request) -> None:
    """Every answer to an app carries the nonce for its next proof, a refusal too."""
    request._request.api_headers = {HEADER: fresh_nonce()}  # type: ignore[attr-defined]


def _token_in(request: Request) -> str:
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "dpop" or not secret:
        raise TokenMissing
    if not secret.isascii() or len(secret) > 200:
        raise InvalidToken
    return secret


def _live_token(secret: str) -> Any:
    """The token's row with device and person, and whether a suspension stops signing in: one query."""
    stopping = policy.live(
        Suspension.objects.filter(
            user_id=OuterRef("device__user_id"), scope__in=[Suspension.Scope.SIGN_IN, Suspension.Scope.ALL]
        )
    )
    return (
        AccessToken.objects.select_related("device__user")
        .annotate(is_stopped=Exists(stopping), pulled=pulled_now())
        .filter(
            digest=access_digest(secret),
            expires_at__gt=Now(),
            device__revoked_at=None,
            device__user__is_active=True,
            device__user__kind=User.Kind.CUSTOMER,
        )
        .first()
    )


def _mark_seen(device: ApiDevice) -> None:
    if timezone.now() - device.last_seen_at > _SEEN_EVERY:
        ApiDevice.objects.filter(pk=device.pk, revoked_at=None).update(last_seen_at=Now())
