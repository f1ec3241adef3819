"""Asking an authenticator, and judging what it answers.

A ceremony is one question: what for, to whom, in which session or device, until when, and its random challenge. The
client keeps it sealed and brings it back with the answer. It is good for one try, counted in Redis: of any number of
parallel requests with one answer one is judged. Without Redis none is (requirement 46).

What is judged is WebAuthn Level 3, 7.1 and 7.2, by py_webauthn; beyond it: user verification, the user handle, and
that the question was not put inside another site's frame. No guess is counted against anybody: a signature cannot be
guessed, and a limit must not keep the owner out (requirement 16).
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from cryptography.fernet import InvalidToken
from django.conf import settings
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import (
    bytes_to_base64url,
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticationCredential, CredentialDeviceType

from accounts.errors import PasskeyOver, WrongPasskey
from accounts.models import Passkey, User
from accounts.two_factor.passkeys.relying_party import RelyingParty
from wallet_site.crypto import decrypt, encrypt, equal, new_token
from wallet_site.ratelimit import first_use

Purpose = Literal["register", "sign_up", "sign_in", "second_factor", "step_up", "reset"]
# A credential of an authenticator with a large key and attestation is about a tenth of it.
MAXIMUM_CREDENTIAL_CHARACTERS: Final = 20_000
_LABEL: Final = "passkey_ceremony"
# What a credential from outside may make the parsers raise: no base64, no UTF-8, no such member, nested too deep.
_UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Question:
    """What an authenticator is asked for, and `bearer`: the browser session, device or sign-up that alone may answer.

    `bound_to` (a digest of what is confirmed) becomes part of what is signed: a proof of one payment can be no other's.
    """

    purpose: Purpose
    bearer: str
    bound_to: bytes = b""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A question that was put. `challenge` is base64url, `bound_to` hex.

    `user_id` is None where the passkey itself shall say who it is.
    """

    purpose: Purpose
    bearer: str
    bound_to: str
    challenge: str
    user_id: int | None
    ends_at: float

    def seal(self) -> str:
        """For the client to keep: encrypted, so that nothing in it can be changed or read."""
        return encrypt(json.dumps({_LABEL: asdict(self)}))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, as the client gets it: `options` for `navigator.credentials`, in WebAuthn's own JSON."""

    ceremony: str
    options: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Both parts, as pages' scripts and apps read them."""
        return {"ceremony": self.ceremony, "options": self.options}


def ask_to_sign(question: Question, *, user: User | None) -> Asked:
    """Ask for a signature by one of the passkeys of `user`, or by any that the authenticator knows for us."""
    challenge = base64url_to_bytes(new_token(256)) + question.bound_to
    party = RelyingParty()
    kwargs = party.get_generate_authentication_options_kwargs(user=user, require_user_verification=True)
    options = options_to_json_dict(generate_authentication_options(**kwargs | {"challenge": challenge}))
    return Asked(_begin(question, challenge, user).seal(), options)


def ask_to_register(question: Question, *, user: User, handle: bytes = b"") -> Asked:
    """Ask for a new passkey of `user`, who may have no account yet: then by `handle`. One per authenticator."""
    party = RelyingParty(handle=handle)
    kwargs = party.get_generate_registration_options_kwargs(user=user)
    options = options_to_json_dict(generate_registration_options(**kwargs))
    options["extensions"] = party.get_registration_extensions()
    return Asked(_begin(question, kwargs["challenge"], user).seal(), options)


def _begin(question: Question, challenge: bytes, user: User | None) -> Ceremony:
    return Ceremony(
        purpose=question.purpose,
        bearer=question.bearer,
        bound_to=question.bound_to.hex(),
        challenge=bytes_to_base64url(challenge),
        user_id=user.pk if user else None,
        ends_at=time.time() + settings.PASSKEY_CEREMONY_LIFETIME.total_seconds(),
    )


def take(sealed: str, question: Question, *, user: User | None) -> Ceremony:
    """Open a ceremony and use it up, whatever comes of it.

    Raises `PasskeyOver` for one that was used, is too old, or was begun for something or somebody else or elsewhere;
    `Unavailable` where a second use cannot be ruled out.
    """
    try:
        ceremony = Ceremony(**json.loads(decrypt(sealed))[_LABEL])
    except (InvalidToken, ValueError, TypeError, KeyError) as error:
        raise PasskeyOver from error
    is_ours = (
        ceremony.purpose == question.purpose
        and equal(ceremony.bearer, question.bearer)
        and equal(ceremony.bound_to, question.bound_to.hex())
        and ceremony.user_id == (user.pk if user else None)
    )
    if not is_ours or ceremony.ends_at <= time.time():
        raise PasskeyOver
    remember = int(settings.PASSKEY_CEREMONY_LIFETIME.total_seconds()) + 60
    if not first_use("passkey-ceremony", ceremony.challenge, remember_seconds=remember):
        raise PasskeyOver
    return ceremony


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A proven new credential, before it is anybody's. All text, so that a sign-up can keep it as JSON."""

    credential_id: str
    public_key: str
    sign_count: int
    aaguid: str
    transports: list[str]
    discoverable: bool | None
    backup_eligible: bool
    backup_state: bool

    def for_person(self, user: User, *, name: str) -> Passkey:
        """The row to be, not yet saved."""
        return Passkey(
            user=user,
            name=name,
            confirmed=True,
            credential_id=base64url_to_bytes(self.credential_id),
            public_key=base64url_to_bytes(self.public_key),
            sign_count=self.sign_count,
            aaguid=self.aaguid,
            transports=self.transports,
            discoverable=self.discoverable,
            backup_eligible=self.backup_eligible,
            backup_state=self.backup_state,
        )


def judge_new(ceremony: Ceremony, credential: str) -> NewPasskey:
    """What `navigator.credentials.create()` answered, as JSON. Raises `WrongPasskey` unless all is right."""
    party = RelyingParty()
    try:
        given = _read(credential)
        parsed = parse_registration_credential_json(given)
        _refuse_frames(parsed.response.client_data_json)
        verified = verify_registration_response(
            credential=parsed,
            expected_challenge=base64url_to_bytes(ceremony.challenge),
            expected_rp_id=party.get_relying_party_domain(),
            expected_origin=party.get_allowed_origins(),
            require_user_verification=True,
        )
        extensions = given.get("clientExtensionResults") or {}
        discoverable = (extensions.get("credProps") or {}).get("rk")
    except _UNREADABLE as error:
        raise WrongPasskey from error
    return NewPasskey(
        credential_id=bytes_to_base64url(verified.credential_id),
        public_key=bytes_to_base64url(verified.credential_public_key),
        sign_count=verified.sign_count,
        aaguid=verified.aaguid,
        transports=[one.value for one in parsed.response.transports or []],
        discoverable=discoverable if isinstance(discoverable, bool) else None,
        backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backup_state=verified.credential_backed_up,
    )


def read_signed(credential: str) -> AuthenticationCredential:
    """What `navigator.credentials.get()` answered, as JSON; nothing of it is proven yet. Raises `WrongPasskey`."""
    try:
        return parse_authentication_credential_json(_read(credential))
    except _UNREADABLE as error:
        raise WrongPasskey from error


def judge_signed(
    ceremony: Ceremony, signed: AuthenticationCredential, passkey: Passkey, handle: bytes
) -> VerifiedAuthentication:
    """Whether `passkey` has signed this question. Raises `WrongPasskey`; the counter is the caller's to judge.

    Where the passkey says who it is, it must say so by its person's `handle`; elsewhere it may.
    """
    said = signed.response.user_handle or None
    if (said is None and ceremony.user_id is None) or (said is not None and not equal(bytes(said), handle)):
        raise WrongPasskey
    party = RelyingParty()
    try:
        _refuse_frames(signed.response.client_data_json)
        return verify_authentication_response(
            credential=signed,
            expected_challenge=base64url_to_bytes(ceremony.challenge),
            expected_rp_id=party.get_relying_party_domain(),
            expected_origin=party.get_allowed_origins(),
            credential_public_key=bytes(passkey.public_key),
            # Judged after the signature: only a counter that was signed says that a passkey was copied.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise WrongPasskey from error


def _read(credential: str) -> dict[str, Any]:
    if len(credential) > MAXIMUM_CREDENTIAL_CHARACTERS:
        raise WrongPasskey
    given = json.loads(credential)
    if not isinstance(given, dict):
        raise WrongPasskey
    return given


def _refuse_frames(client_data: bytes) -> None:
    """Not inside another site's frame, whatever browsers allow there."""
    if parse_client_data_json(client_data).cross_origin:
        raise WrongPasskey
