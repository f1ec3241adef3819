"""An app for tests: a device key, DPoP proofs, and the sign-in flow. In process by default, over HTTP with a URL.

    phone = Phone.signed_in(make_customer("aya"))        # real tokens; `sign_in` walks the steps of getting them
    phone.get("/api/v1/wallet").json()
    phone.post("/api/v1/top-ups", {...}, idempotency_key="...")     # a key is made where none is given
    phone.post(..., idempotency_key=None)                           # ... and left out on request

    Phone.signed_in(aya, url=live_portal.url)             # the same against a running server
    Phone(url=...).get(...)                               # a phone with a key and no token

Bend a request with `proof=` ("" for none, or one made by `phone.proof("GET", path, htu=...)`), `token=`, `headers=`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from django.conf import settings
from django.test import Client
from jwt.algorithms import ECAlgorithm

from accounts.actions.api_devices import sign_in_device
from accounts.api.dpop import thumbprint
from tests.people import Person, fresh_network, totp_now


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Answer:
    """A response, the same from a test client and from a server."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The problem's code, "" where there is no problem."""
        if "problem+json" not in self.headers.get("content-type", ""):
            return ""
        return str(self.json()["code"])


@dataclass
class Phone:
    """One installed app with a key of its own."""

    url: str = ""
    network: str = field(default_factory=fresh_network)
    language: str = "en"
    name: str = "Test phone"
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    access_token: str = ""
    refresh_token: str = ""
    device_id: str = ""
    # The newest one that the server has offered (RFC 9449, 8.2): goes into the next proof.
    nonce: str = ""
    # Seconds after which it gives an answer up, as an app on a train does.
    patience: float = 30
    _http: httpx.Client | None = field(default=None, repr=False)

    @classmethod
    def signed_in(cls, person: Person, **options: Any) -> Phone:
        """A new phone on which the person has just proven password and second factor.

        The tokens come from the action that the last step of signing in calls; `sign_in` walks the steps themselves.
        """
        phone = cls(**options)
        tokens = sign_in_device(
            person.user, name=phone.name, key_thumbprint=phone.thumbprint, factor="totp", actor=person.actor
        )
        phone.access_token, phone.refresh_token = tokens.access_token, tokens.refresh_token
        phone.device_id = str(tokens.device.public_id)
        return phone

    def sign_in(self, person: Person, *, code: str = "") -> Answer:
        """Both steps; keeps the tokens."""
        challenge = self.prove_password(person.email, person.password)
        assert challenge.status == 403, challenge.content
        return self.prove_factor(challenge.json()["auth_session"], code or totp_now(person))

    def prove_password(self, email: str, password: str) -> Answer:
        return self.post(
            "/api/v1/sign-in",
            {"email": email, "password": password, "device_name": self.name},
            token="",
            idempotency_key=None,
        )

    def prove_factor(self, auth_session: str, code: str) -> Answer:
        return self._keep(
            self.post(
                "/api/v1/sign-in/factor",
                {"auth_session": auth_session, "code": code},
                token="",
                idempotency_key=None,
            )
        )

    def refresh(self, refresh_token: str = "") -> Answer:
        """The next pair; keeps it."""
        body = {"refresh_token": refresh_token or self.refresh_token}
        return self._keep(self.post("/api/v1/token/refresh", body, token="", idempotency_key=None))

    def step_up(self, person: Person) -> Answer:
        return self.post("/api/v1/step-up", {"code": totp_now(person)}, idempotency_key=None)

    def _keep(self, answer: Answer) -> Answer:
        if answer.status == 200:
            tokens = answer.json()
            self.access_token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
            self.device_id = tokens["device_id"]
        return answer

    def get(self, path: str, **options: Any) -> Answer:
        return self.request("GET", path, **options)

    def post(
        self, path: str, body: Any = None, *, idempotency_key: str | None = "made", **options: Any
    ) -> Answer:
        headers = dict(options.pop("headers", {}))
        if idempotency_key is not None:
            headers["Idempotency-Key"] = str(uuid.uuid4()) if idempotency_key == "made" else idempotency_key
        return self.request("POST", path, body, headers=headers, **options)

    def patch(self, path: str, body: Any, **options: Any) -> Answer:
        return self.request("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        return self.request("DELETE", path, **options)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        proof: str | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request with a fresh proof. A `body` of bytes goes out as it is.

        Asked for a nonce, it sends the request once more with that, unless the test has made the proof.
        """
        answer = self._send(method, path, body, proof=proof, token=token, headers=headers)
        self.nonce = answer.headers.get("dpop-nonce", self.nonce)
        if answer.status == 401 and answer.code == "use-dpop-nonce" and proof is None:
            return self._send(method, path, body, proof=None, token=token, headers=headers)
        return answer

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        proof: str | None,
        token: str | None,
        headers: dict[str, str] | None,
    ) -> Answer:
        sent = self.headers_for(method, path, proof=proof, token=token) | (headers or {})
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        return (
            self._over_http(method, path, content, sent)
            if self.url
            else self._in_process(method, path, content, sent)
        )

    def headers_for(
        self, method: str, path: str, *, proof: str | None = None, token: str | None = None
    ) -> dict[str, str]:
        """What proves this device, for whoever sends the request in another way."""
        held = self.access_token if token is None else token
        sent = {"Accept-Language": self.language, "User-Agent": "Kakehashi/1.0 (iPhone; iOS 19.0)"}
        if held:
            sent["Authorization"] = f"DPoP {held}"
        signed = self.proof(method, path, token=held) if proof is None else proof
        return sent | ({"DPoP": signed} if signed else {})

    def _in_process(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        client = Client(raise_request_exception=False, REMOTE_ADDR=self.network)
        kind = headers.pop("Content-Type", "application/json")
        response = client.generic(method, path, content or b"", content_type=kind, headers=headers)
        found = {name.lower(): value for name, value in response.items()}
        return Answer(response.status_code, found, response.content)

    def _over_http(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        if self._http is None:
            self._http = httpx.Client(base_url=self.url, timeout=self.patience)
        response = self._http.request(method, path, content=content, headers=headers)
        return Answer(response.status_code, dict(response.headers), response.content)

    def proof(
        self, method: str, path: str, *, token: str = "", header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A DPoP proof. `claims` and `header` put other values into it; None leaves one out."""
        address = settings.PUBLIC_URL + path.split("?")[0]
        said: dict[str, Any] = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": address,
            "iat": int(time.time()),
        }
        if self.nonce:
            said["nonce"] = self.nonce
        if token:
            said["ath"] = b64(hashlib.sha256(token.encode()).digest())
        said = {name: value for name, value in (said | claims).items() if value is not None}
        return jwt.encode(
            said, self.key, "ES256", headers={"typ": "dpop+jwt", "jwk": self.public_key} | (header or {})
        )

    @property
    def public_key(self) -> dict[str, Any]:
        return ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)

    @property
    def thumbprint(self) -> str:
        return thumbprint(self.public_key)
