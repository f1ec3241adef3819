"""A proof is good for one request by one key, and for nothing else."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from accounts.api import dpop, dpop_nonces
from accounts.api.dpop import InvalidProof, NonceNeeded
from tests.api_client import Phone, b64
from wallet_site.errors import Unavailable
from wallet_site.local.valkey import Valkey

pytestmark = pytest.mark.requirement(35)
PATH = "/api/v1/me"


def verify(
    proof: str, *, method: str = "GET", path: str = PATH, token: str | None = None, needs_nonce: bool = False
) -> dpop.Proof:
    return dpop.verify(proof, method=method, path=path, access_token=token, needs_nonce=needs_nonce)


def test_a_fresh_proof_names_its_key() -> None:
    phone = Phone()
    assert verify(phone.proof("GET", PATH)).thumbprint == phone.thumbprint


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    """The key of RFC 9449's own example, 6.1."""
    key = {
        "kty": "EC",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        "crv": "P-256",
    }
    assert dpop.thumbprint(key) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_an_ed25519_key_will_do() -> None:
    key = Ed25519PrivateKey.generate()
    claims = {
        "jti": uuid.uuid4().hex,
        "htm": "GET",
        "htu": settings.PUBLIC_URL + PATH,
        "iat": int(time.time()),
    }
    jwk = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    proof = jwt.encode(claims, key, "EdDSA", headers={"typ": "dpop+jwt", "jwk": jwk})
    assert verify(proof).thumbprint == dpop.thumbprint(jwk)


def test_the_second_use_is_refused() -> None:
    proof = Phone().proof("GET", PATH)
    verify(proof)
    with pytest.raises(InvalidProof):
        verify(proof)


def test_one_proof_in_sixty_parallel_requests_counts_once() -> None:
    proof = Phone().proof("GET", PATH)

    def counts(_n: int) -> bool:
        try:
            verify(proof)
        except InvalidProof:
            return False
        return True

    with ThreadPoolExecutor(60) as pool:
        assert sum(pool.map(counts, range(60))) == 1


def test_two_keys_may_use_the_same_jti() -> None:
    name = uuid.uuid4().hex
    verify(Phone().proof("GET", PATH, jti=name))
    verify(Phone().proof("GET", PATH, jti=name))


@pytest.mark.parametrize("claims", [
    {"htm": "POST"},
    {"htm": "get"},
    {"htu": "http://evil.example/api/v1/me"},
    {"htu": settings.PUBLIC_URL + "/api/v1/wallet"},
    {"htu": settings.PUBLIC_URL + PATH + "/"},
    {"htu": "https://" + settings.PUBLIC_URL.removeprefix("http://") + PATH},
    {"htu": "http://localhost:99999999/api/v1/me"},
    {"htu": "http://[::1/api/v1/me"},
    {"htu": 7},
    {"iat": int(time.time()) - 300},
    {"iat": int(time.time()) + 3600},
    {"iat": "now"},
    {"iat": True},
    {"iat": float("inf")},
    {"iat": 10**400},
    {"jti": ""},
    {"jti": "x" * 129},
    {"jti": 12345678},
    {"jti": None},
    {"htm": None},
    {"htu": None},
    {"iat": None},
], ids=lambda given: next(iter(given)))  # fmt: skip
def test_a_claim_that_does_not_fit_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(InvalidProof):
        verify(Phone().proof("GET", PATH, **claims))


def test_query_and_fragment_of_the_address_do_not_count() -> None:
    verify(
        Phone().proof("GET", PATH, htu=settings.PUBLIC_URL.upper().replace("HTTP", "http") + PATH + "?a=b#c")
    )


@pytest.mark.parametrize("header", [
    {"typ": "JWT"},
    {"typ": "at+jwt"},
    {"jwk": None},
    {"jwk": "key"},
    {"jwk": {}},
    {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
    {"jwk": {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}},
    {"jwk": {"kty": "EC", "crv": "P-256", "x": 1, "y": None}},
    {"jwk": {"kty": [], "crv": {}}},
    {"crit": ["exp"]},
], ids=lambda given: next(iter(given)))  # fmt: skip
def test_a_header_that_does_not_fit_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(InvalidProof):
        verify(Phone().proof("GET", PATH, header=header))


def test_a_proof_that_brings_its_private_key_is_refused() -> None:
    phone = Phone()
    leaked = ECAlgorithm.to_jwk(phone.key, as_dict=True)
    with pytest.raises(InvalidProof):
        verify(phone.proof("GET", PATH, header={"jwk": leaked}))


def test_a_key_of_another_curve_or_another_owner_is_refused() -> None:
    phone, other = Phone(), Phone()
    with pytest.raises(InvalidProof):
        verify(phone.proof("GET", PATH, header={"jwk": other.public_key}))
    wide = generate_private_key(SECP384R1())
    claims = {"jti": "x" * 12, "htm": "GET", "htu": settings.PUBLIC_URL + PATH, "iat": int(time.time())}
    jwk = ECAlgorithm.to_jwk(wide.public_key(), as_dict=True)
    with pytest.raises(InvalidProof):
        verify(jwt.encode(claims, wide, "ES384", headers={"typ": "dpop+jwt", "jwk": jwk}))


def test_no_algorithm_and_a_shared_secret_are_refused() -> None:
    phone = Phone()
    claims = {"jti": "x" * 12, "htm": "GET", "htu": settings.PUBLIC_URL + PATH, "iat": int(time.time())}
    header = {"typ": "dpop+jwt", "jwk": phone.public_key}
    for proof in (
        jwt.encode(claims, None, "none", headers=header),
        jwt.encode(claims, "s" * 32, "HS256", headers=header),
    ):
        with pytest.raises(InvalidProof):
            verify(proof)


@pytest.mark.parametrize(
    "text", ["", "a", "a.b.c", "....", "é.é.é", "x" * 5000, "{}.{}.{}", b64(b"[" * 2_900) + ".e30.e30"]
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(InvalidProof):
        verify(text)


def test_a_proof_goes_with_its_token_alone() -> None:
    phone = Phone()
    verify(phone.proof("GET", PATH, token="kka_one"), token="kka_one")
    for proof in (
        phone.proof("GET", PATH, token="kka_two"),
        phone.proof("GET", PATH),
        phone.proof("GET", PATH, ath=1),
    ):
        with pytest.raises(InvalidProof):
            verify(proof, token="kka_one")


@pytest.mark.requirement(46)
@pytest.mark.parametrize("hours", [-8760, -1, 1, 24])
def test_a_phone_whose_clock_is_wrong_gets_in_by_our_nonce_alone(hours: int) -> None:
    phone, wrong = Phone(), int(time.time()) + hours * 3600
    with pytest.raises(NonceNeeded):
        verify(phone.proof("GET", PATH, iat=wrong))
    assert verify(phone.proof("GET", PATH, iat=wrong, nonce=dpop_nonces.fresh_nonce())).has_nonce


def test_a_nonce_is_needed_where_tokens_are_given_and_is_good_for_five_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    phone = Phone()
    with pytest.raises(NonceNeeded):
        verify(phone.proof("GET", PATH), needs_nonce=True)
    nonce = dpop_nonces.fresh_nonce()
    made_ahead = [phone.proof("GET", PATH, nonce=nonce, iat=int(time.time()) + n * 60) for n in range(20)]
    assert verify(made_ahead[0], needs_nonce=True).has_nonce
    now = time.time()
    monkeypatch.setattr(dpop_nonces.time, "time", lambda: now + 240 - now % 60)
    assert verify(made_ahead[1], needs_nonce=True).has_nonce
    with pytest.raises(InvalidProof) as seen:
        verify(made_ahead[1], needs_nonce=True)
    assert not isinstance(seen.value, NonceNeeded), "a replay, for as long as its nonce lives"
    monkeypatch.setattr(dpop_nonces.time, "time", lambda: now + 300 - now % 60)
    for proof in made_ahead[2:]:
        with pytest.raises(NonceNeeded):
            verify(proof, needs_nonce=True)


def test_a_proof_is_remembered_for_as_long_as_it_could_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = []

    def note(_name: str, _key: str, *, remember_seconds: int) -> bool:
        remembered.append(remember_seconds)
        return True

    monkeypatch.setattr(dpop, "first_use", note)
    phone = Phone()
    verify(phone.proof("GET", PATH))
    verify(phone.proof("GET", PATH, nonce=dpop_nonces.fresh_nonce()))
    assert remembered[0] > 2 * dpop.CLOCK_SKEW_SECONDS
    assert remembered[1] > dpop_nonces.NONCE_LIFETIME_SECONDS


@pytest.mark.parametrize("nonce", ["", "x", "é", "0" * 32, 7, None, ["a"], "\ud800"], ids=repr)
def test_a_nonce_that_is_none_of_ours_is_refused_though_the_clock_is_right(nonce: object) -> None:
    phone = Phone()
    claims = {
        "jti": uuid.uuid4().hex,
        "htm": "GET",
        "htu": settings.PUBLIC_URL + PATH,
        "iat": int(time.time()),
    }
    header = {"typ": "dpop+jwt", "jwk": phone.public_key}
    proof = jwt.encode(claims | {"nonce": nonce}, phone.key, "ES256", headers=header)
    with pytest.raises(InvalidProof):
        verify(proof)


@pytest.mark.django_db
def test_every_answer_offers_the_next_nonce_as_rfc_9449_does() -> None:
    phone = Phone()
    body = {"refresh_token": "kkr_" + "A" * 43}
    path = "/api/v1/token/refresh"
    asked = phone.post(path, body, proof=phone.proof("POST", path), idempotency_key=None)
    assert (asked.status, asked.code) == (401, "use-dpop-nonce")
    assert asked.headers["www-authenticate"].startswith('DPoP error="use_dpop_nonce"')
    nonce = asked.headers["dpop-nonce"]
    again = phone.post(path, body, proof=phone.proof("POST", path, nonce=nonce), idempotency_key=None)
    assert again.code == "invalid-refresh-token"
    for answer in (again, phone.get("/api/v1/me", proof=""), phone.prove_password("nobody@example.com", "x")):
        assert dpop_nonces.is_live(answer.headers["dpop-nonce"])
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.requirement(46)
def test_without_redis_no_proof_is_taken(valkey: Valkey) -> None:
    proof = Phone().proof("GET", PATH)
    valkey.kill()
    with pytest.raises(Unavailable):
        verify(proof)
