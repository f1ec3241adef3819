"""An authenticator in software: makes passkeys and signs with them, as WebAuthn's own JSON. Every part can be bent.

phone = Authenticator()
credential = phone.create(options)                  # PublicKeyCredentialCreationOptionsJSON -> RegistrationResponseJSON
credential = phone.get(options)                     # ...RequestOptionsJSON -> AuthenticationResponseJSON
phone.get(options, uv=False, origin="https://evil.example", sign_count=1)

passkey, phone = with_passkey(aya)                  # somebody who has one already
"""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django_otp_webauthn.models import WebAuthnUserHandle
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from accounts.models import Passkey
from tests.people import Person
from wallet_site.transactions import recorded

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Authenticator:
    """One device that keeps one passkey. Its counter stays at zero, as those of synced passkeys do, unless told."""

    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    handle: bytes = b""
    sign_count: int = 0
    aaguid: bytes = bytes(16)

    @property
    def public_key(self) -> bytes:
        """COSE, as it is stored."""
        point = self.key.public_key().public_numbers()
        numbers = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        return cbor2.dumps(numbers)

    def create(self, options: dict[str, Any], **bent: Any) -> str:
        """What `navigator.credentials.create()` gives."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        attested = (
            self.aaguid + struct.pack(">H", len(self.credential_id)) + self.credential_id + self.public_key
        )
        data = self._authenticator_data(options["rp"]["id"], AT, bent) + attested
        response = {
            "clientDataJSON": bytes_to_base64url(self._client_data("webauthn.create", options, bent)),
            "attestationObject": bytes_to_base64url(
                cbor2.dumps({"fmt": bent.get("fmt", "none"), "attStmt": {}, "authData": data})
            ),
            "transports": ["internal", "hybrid"],
        }
        return self._credential(response, {"credProps": {"rk": True}}, bent)

    def get(self, options: dict[str, Any], **bent: Any) -> str:
        """What `navigator.credentials.get()` gives."""
        client_data = self._client_data("webauthn.get", options, bent)
        data = self._authenticator_data(options["rpId"], 0, bent)
        signed = data + hashlib.sha256(client_data).digest()
        key = bent.get("key", self.key)
        handle = bent.get("user_handle", self.handle)
        response = {
            "clientDataJSON": bytes_to_base64url(client_data),
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(key.sign(signed, ECDSA(SHA256()))),
        } | ({} if handle is None else {"userHandle": bytes_to_base64url(handle)})
        return self._credential(response, {}, bent)

    def _authenticator_data(self, rp_id: str, flags: int, bent: dict[str, Any]) -> bytes:
        flags |= (UP if bent.get("up", True) else 0) | (UV if bent.get("uv", True) else 0)
        flags |= bent.get("flags", BE | BS)
        count = bent.get("sign_count", self.sign_count)
        return hashlib.sha256(bent.get("rp_id", rp_id).encode()).digest() + struct.pack(">BI", flags, count)

    def _client_data(self, kind: str, options: dict[str, Any], bent: dict[str, Any]) -> bytes:
        said = {
            "type": bent.get("type", kind),
            "challenge": bent.get("challenge", options["challenge"]),
            "origin": bent.get("origin", settings.PUBLIC_URL),
            "crossOrigin": bent.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _credential(self, response: dict[str, Any], extensions: dict[str, Any], bent: dict[str, Any]) -> str:
        name = bytes_to_base64url(bent.get("credential_id", self.credential_id))
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "clientExtensionResults": extensions,
                "response": response,
            }
        )


def with_passkey(
    person: Person, *, name: str = "Laptop", sign_count: int = 0
) -> tuple[Passkey, Authenticator]:
    """Give a person a passkey, by hand, and the authenticator that keeps it."""
    device = Authenticator(sign_count=sign_count, handle=WebAuthnUserHandle.get_handle_for_user(person.user))
    with recorded(person.actor):
        passkey = Passkey.objects.create(
            user=person.user,
            name=name,
            credential_id=device.credential_id,
            public_key=device.public_key,
            sign_count=sign_count,
            aaguid="00000000-0000-0000-0000-000000000000",
            transports=["internal"],
            discoverable=True,
        )
    return passkey, device
