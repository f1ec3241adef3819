"""A merchant's own programs, by their API key. They read, and mind their webhooks; no key of theirs moves money."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from payments.actions.merchants import MERCHANT_KEY_PURPOSE
from payments.models import Merchant, MerchantKey
from wallet_site.actor import Actor
from wallet_site.crypto import digest, equal
from wallet_site.errors import NotSignedIn
from wallet_site.web import actor_of

SCHEME = "Merchant"


class MerchantNotKnown(NotSignedIn):
    """The API key is wrong or revoked. Which one is not told."""

    code = "merchant-not-known"
    title = _("This merchant is not known")
    detail = _("The API key of this request is not valid.")


@dataclass(frozen=True, slots=True)
class MerchantCaller:
    """The authenticated key, as `request.auth`."""

    key: MerchantKey

    @property
    def caller(self) -> str:
        """Whose limits these are."""
        return f"merchant:{self.key.pk}"


class MerchantAuthentication(BaseAuthentication):
    """`Authorization: Merchant <key id>.<api key>`."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, MerchantCaller] | None:
        """The key, or `MerchantNotKnown`. None without the scheme, so that the permission refuses."""
        scheme, _space, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        key_id, _dot, api_key = credentials.strip().partition(".")
        known = MerchantKey.objects.select_related("merchant").filter(key_id=key_id, revoked_at=None)
        # PostgreSQL takes no NUL in a text, and no key of ours has one.
        key = known.first() if "\0" not in key_id else None
        if key is None or not equal(bytes(key.api_key_digest), digest(api_key, MERCHANT_KEY_PURPOSE)):
            raise MerchantNotKnown(www_authenticate=SCHEME)
        return AnonymousUser(), MerchantCaller(key)

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class IsMerchant(BasePermission):
    """Merchants' keys only."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, MerchantCaller)


def merchant_of(request: Request) -> Merchant:
    """Whose key asks. Every look-up goes through it: another merchant's id finds nothing."""
    if not isinstance(request.auth, MerchantCaller):
        raise MerchantNotKnown(www_authenticate=SCHEME)
    return request.auth.key.merchant


def merchant_actor(request: Request) -> Actor:
    """The key as the audit knows it."""
    merchant = merchant_of(request)
    seen = actor_of(request._request)
    return Actor(
        kind="merchant",
        name=merchant.name,
        token_id=request.auth.key.key_id if isinstance(request.auth, MerchantCaller) else None,
        network=seen.network,
        device=seen.device,
        request_id=seen.request_id,
    )


class MerchantScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the document describes it."""

    target_class = MerchantAuthentication
    name = "merchant"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Merchant <key id>.<api key>`, a key that the operator gives to a merchant.",
        }
