"""Proof of possession by DPoP (RFC 9449): each request is signed with the device's own key.

A proof is good for one request: its method, its address, its minute, and, where a token is sent, that token. The
address is compared with `settings.PUBLIC_URL`, never with a Host header, which a stranger chooses.

Its minute is the phone's `iat`, or a nonce of ours (RFC 9449, 8 and 9), which counts in the clock's place: a phone
whose clock is wrong gets in all the same. Whatever hands out tokens asks for a nonce: proofs that somebody made ahead
of time, while they held the phone, are worth nothing there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.api.dpop_nonces import NONCE_LIFETIME_SECONDS, is_live
from wallet_site.crypto import equal
from wallet_site.errors import NotSignedIn
from wallet_site.ratelimit import first_use

# RFC 9864: "EdDSA" over Ed25519 only, as the key's curve is checked.
ALGORITHMS = ("ES256", "EdDSA")
_CURVES = {"ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
CLOCK_SKEW_SECONDS = 60
MAXIMUM_PROOF_CHARACTERS = 4096
MAXIMUM_JTI_CHARACTERS = 128
ALGS = f'algs="{" ".join(ALGORITHMS)}"'
_DEFAULT_PORTS = {"http": 80, "https": 443}


class InvalidProof(NotSignedIn):
    """The DPoP proof is missing, broken, old, used before, or made for another request or key."""

    code = "invalid-dpop-proof"
    title = _("The request is not proven by this device")
    detail = _("Send a fresh DPoP proof for exactly this request, signed with the device's key.")
    challenge = f'DPoP error="invalid_dpop_proof", {ALGS}'


class NonceNeeded(InvalidProof):
    """All of the proof fits but its time: make another one with the nonce of this answer's `DPoP-Nonce` header."""

    code = "use-dpop-nonce"
    title = _("The request must be proven anew")
    detail = _("Make a new DPoP proof with the nonce from the DPoP-Nonce header, and repeat the request.")
    challenge = f'DPoP error="use_dpop_nonce", {ALGS}'


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds. `thumbprint` (RFC 7638) names the key that made it."""

    thumbprint: str
    jti: str
    has_nonce: bool


def verify(
    text: str, *, method: str, path: str, access_token: str | None = None, needs_nonce: bool = False
) -> Proof:
    """Judge one proof and burn it. Raises `InvalidProof`, and `Unavailable` where a replay cannot be ruled out.

    Raises `NonceNeeded`, and burns nothing, where a nonce would help: there is none and one is needed, or the phone's
    clock is wrong, or the nonce is over.
    """
    proof = _read(text, method=method, path=path, access_token=access_token, needs_nonce=needs_nonce)
    # For as long as the same proof could be taken again.
    remember = (NONCE_LIFETIME_SECONDS if proof.has_nonce else 2 * CLOCK_SKEW_SECONDS) + 10
    if not first_use("dpop", f"{proof.thumbprint}:{_b64(_sha256(proof.jti))}", remember_seconds=remember):
        raise InvalidProof
    return proof


def _read(text: str, *, method: str, path: str, access_token: str | None, needs_nonce: bool) -> Proof:
    if not text or len(text) > MAXIMUM_PROOF_CHARACTERS:
        raise InvalidProof
    try:
        header = jwt.get_unverified_header(text)
        key, algorithm = _key_of(header)
        claims = jwt.decode(
            text,
            jwt.PyJWK(key, algorithm=algorithm),
            algorithms=[algorithm],
            options={
                "require": ["jti", "htm", "htu", "iat"],
                # These are judged below, or have no meaning in a proof.
                "verify_iat": False, "verify_exp": False, "verify_nbf": False, "verify_aud": False,
                "verify_iss": False, "verify_sub": False, "verify_jti": False,
            },
        )  # fmt: skip
    # ValueError: a key or a text that is no base64, no point on the curve, no UTF-8. RecursionError: "[[[[...".
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidProof from error
    if not (_is_for(claims, method, path) and _holds_token(claims, access_token)):
        raise InvalidProof
    jti = claims["jti"]
    if not isinstance(jti, str) or not 1 <= len(jti) <= MAXIMUM_JTI_CHARACTERS:
        raise InvalidProof
    _require_fresh(claims, needs_nonce=needs_nonce)
    return Proof(thumbprint(key), jti, "nonce" in claims)


def _require_fresh(claims: dict[str, Any], *, needs_nonce: bool) -> None:
    """Whether the proof was made just now: by a nonce where it has one, else by its own clock."""
    issued_at = claims["iat"]
    if not isinstance(issued_at, int | float) or isinstance(issued_at, bool):
        raise InvalidProof
    if "nonce" not in claims:
        if needs_nonce or not _is_recent(issued_at):
            raise NonceNeeded
        return
    nonce = claims["nonce"]
    if not isinstance(nonce, str):
        raise InvalidProof
    if not is_live(nonce):
        raise NonceNeeded


def _key_of(header: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The public key in the proof's header, and its algorithm: one of ours, of the right curve, no private part."""
    key, algorithm = header.get("jwk"), header.get("alg")
    if header.get("typ") != "dpop+jwt" or "crit" in header or not isinstance(key, dict):
        raise InvalidProof
    if not isinstance(algorithm, str) or algorithm not in _CURVES:
        raise InvalidProof
    if (key.get("kty"), key.get("crv")) != _CURVES[algorithm] or "d" in key:
        raise InvalidProof
    members = {name: key.get(name) for name in _THUMBPRINT_MEMBERS[key["kty"]]}
    if not all(isinstance(value, str) for value in members.values()):
        raise InvalidProof
    return members, algorithm


def _is_recent(issued_at: float) -> bool:
    now = time.time()
    # Compared, not subtracted: an int of any size compares, but does not become a float.
    return now - CLOCK_SKEW_SECONDS <= issued_at <= now + CLOCK_SKEW_SECONDS


def _is_for(claims: dict[str, Any], method: str, path: str) -> bool:
    return claims["htm"] == method and isinstance(claims["htu"], str) and _same_address(claims["htu"], path)


def _same_address(htu: str, path: str) -> bool:
    """Scheme, host, port and path; query and fragment do not count (RFC 9449, 4.3)."""
    return _plain_address(htu) == _plain_address(settings.PUBLIC_URL + path)


def _plain_address(url: str) -> tuple[str, str, int | None, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, (parts.hostname or ""), port, parts.path or "/"


def _holds_token(claims: dict[str, Any], access_token: str | None) -> bool:
    if access_token is None:
        return True
    ath = claims.get("ath")
    return isinstance(ath, str) and ath.isascii() and equal(ath, token_hash(access_token))


def token_hash(access_token: str) -> str:
    """The `ath` claim: which token a proof goes with."""
    return _b64(_sha256(access_token))


def thumbprint(key: dict[str, Any]) -> str:
    """RFC 7638: the required members alone, in order, without white space."""
    members = {name: key[name] for name in _THUMBPRINT_MEMBERS[key["kty"]]}
    return _b64(_sha256(json.dumps(members, separators=(",", ":"), sort_keys=True)))


def _sha256(text: str) -> bytes:
    # Surrogates cannot be told apart from a replay's point of view: replaced, never an error.
    return hashlib.sha256(text.encode(errors="replace")).digest()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
