"""How the OpenAPI document describes the authentication of apps."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

_PROOF = {
    "type": "apiKey",
    "in": "header",
    "name": "DPoP",
    "description": "A proof of possession (RFC 9449): a JWT with `typ: dpop+jwt`, `alg: ES256` (or `EdDSA`) and the "
    "device's public `jwk` in its header; `jti` (used once), `htm` (the method), `htu` (this address without query), "
    "`iat` (within a minute of now), `nonce` (the newest `DPoP-Nonce` that an answer brought; required where tokens "
    "are handed out, and it counts in the place of `iat`) and, with an access token, `ath` (base64url of its SHA-256). "
    "Make a new one for every request. Answered with 401 `use-dpop-nonce`, make another with that answer's nonce. The "
    "key never leaves the device; its RFC 7638 thumbprint is what tokens are bound to.",
}
_TOKEN = {
    "type": "http",
    "scheme": "DPoP",
    "description": "`Authorization: DPoP <access token>`: opaque, ten minutes, worthless without a proof by the "
    "device's key. Bearer is refused. Get one by `sign_in` and `prove_factor`, the next by `refresh_tokens`.",
}


class DeviceTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Token and proof, both needed."""

    target_class = "accounts.api.authentication.DeviceTokenAuthentication"
    name = ["DPoP", "DPoPProof"]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        """In the order of `name`."""
        return [_TOKEN, _PROOF]


class DeviceKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The proof alone."""

    target_class = "accounts.api.authentication.DeviceKeyAuthentication"
    name = "DPoPKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Without a token."""
        return _PROOF
