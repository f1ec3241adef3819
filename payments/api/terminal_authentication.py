"""Who is at the counter: a terminal, by its API key and its signature. Merchant and store come from our tables."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from http_message_signatures import HTTPMessageSignaturesException
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from payments.actions.merchants import API_KEY_PURPOSE
from payments.api.signatures import verify
from payments.models import Terminal
from wallet_site.actor import Actor
from wallet_site.crypto import digest, equal
from wallet_site.errors import NotSignedIn
from wallet_site.web import actor_of

SCHEME = "Terminal"


class TerminalNotKnown(NotSignedIn):
    """The API key is wrong or revoked, or the signature does not hold. Which one is not told."""

    code = "terminal-not-known"
    title = _("This terminal is not known")
    detail = _("The API key or the signature of this request is not valid.")


@dataclass(frozen=True, slots=True)
class TerminalCaller:
    """The authenticated terminal, as `request.auth`."""

    terminal: Terminal

    @property
    def caller(self) -> str:
        """Whose limits and idempotency keys these are."""
        return f"terminal:{self.terminal.pk}"


class TerminalAuthentication(BaseAuthentication):
    """`Authorization: Terminal <key id>.<api key>` plus a signature of the request."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, TerminalCaller] | None:
        """The terminal, or `TerminalNotKnown`. None without the scheme, so that the permission refuses."""
        scheme, _space, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        key_id, _dot, api_key = credentials.strip().partition(".")
        terminal = (
            Terminal.objects.select_related("store__merchant").filter(key_id=key_id, revoked_at=None).first()
        )
        if terminal is None or not equal(bytes(terminal.api_key_digest), digest(api_key, API_KEY_PURPOSE)):
            raise TerminalNotKnown(www_authenticate=SCHEME)
        try:
            verify(request._request, key_id=terminal.key_id, secret=terminal.signing_secret)
        except HTTPMessageSignaturesException as error:
            raise TerminalNotKnown(www_authenticate=SCHEME) from error
        return AnonymousUser(), TerminalCaller(terminal)

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class IsTerminal(BasePermission):
    """Terminals only: neither customers nor staff take payments."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, TerminalCaller)


def terminal_of(request: Request) -> Terminal:
    """The terminal that asks."""
    if not isinstance(request.auth, TerminalCaller):
        raise TerminalNotKnown(www_authenticate=SCHEME)
    return request.auth.terminal


def terminal_actor(request: Request) -> Actor:
    """The terminal as audit and books know it."""
    terminal = terminal_of(request)
    seen = actor_of(request._request)
    return Actor(
        kind="terminal",
        name=str(terminal),
        token_id=terminal.key_id,
        network=seen.network,
        device=seen.device,
        request_id=seen.request_id,
    )


class TerminalScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the document describes it."""

    target_class = TerminalAuthentication
    name = "terminal"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Terminal <key id>.<api key>`. Every request is signed too (RFC 9421, hmac-sha256, tag "
            "`kakehashi-terminal`) over @method, @target-uri, authorization and, with a body, content-digest, "
            "content-type and idempotency-key, with created, keyid and a nonce.",
        }
