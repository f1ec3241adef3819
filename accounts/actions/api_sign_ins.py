"""Signing in from an app: password, challenge, second factor, tokens.

Modelled on draft-ietf-oauth-first-party-apps: the right password is answered with a challenge that names an
`auth_session`; the next step brings it back with a code. A wrong password and an unknown address get the same answer
at the same cost, so a decoy challenge is not needed: only who knows the password ever sees one.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.actions.api_devices import Tokens, sign_in_device
from accounts.actions.credentials import prove_password
from accounts.actions.sign_in_attempts import keep_refusal
from accounts.errors import PasskeyOver, WrongCode, WrongCredentials, WrongPasskey
from accounts.models import User
from accounts.two_factor.codes import check_code, method_of
from accounts.two_factor.methods import FactorProof, factors_of
from accounts.two_factor.passkeys.ceremonies import Asked, Question, ask_to_sign
from accounts.two_factor.passkeys.proofs import PasskeyAnswer, check_passkey
from wallet_site.actor import Actor
from wallet_site.crypto import decrypt, digest, encrypt, equal, new_token
from wallet_site.errors import FieldError, InvalidInput, NotSignedIn, Problem
from wallet_site.ratelimit import first_use

_PURPOSE = "auth_session"


class ChallengeOver(NotSignedIn):
    """The `auth_session` was used, has expired, is another device's, or was never given."""

    code = "invalid-session"
    title = _("Please begin again")
    detail = _("This sign-in has expired or was used. Begin again with address and password.")


@dataclass(frozen=True, slots=True)
class Challenge:
    """Password proven, second factor owed. `auth_session` is encrypted, good for one try, and bound to the key."""

    auth_session: str
    factors: list[str]
    expires_in: int


@dataclass(frozen=True, slots=True)
class PasswordProven:
    """What an `auth_session` carries: who has proven the password, on which device."""

    id: str
    user_id: int
    thumbprint: str
    device_name: str
    ends_at: float
    stamp: str

    def seal(self) -> str:
        return encrypt(json.dumps({_PURPOSE: asdict(self)}))

    @classmethod
    def unseal(cls, text: str) -> PasswordProven:
        """Raises `ChallengeOver` for anything that is not ours."""
        try:
            # The same keys seal other secrets: the name of the purpose tells this one from them.
            fields: dict[str, Any] = json.loads(decrypt(text))[_PURPOSE]
        except (InvalidToken, ValueError, TypeError, KeyError) as error:
            raise ChallengeOver from error
        return cls(**fields)


def begin_challenge(
    email: str, password: str, *, device_name: str, key_thumbprint: str, actor: Actor
) -> Challenge:
    """Prove the password and say which second factors may follow.

    Raises `WrongCredentials` (unknown address, wrong password and staff alike), `TooManyTries` and `Unavailable`.
    """
    user = prove_password(
        email, password, actor=actor, channel="app", key_thumbprint=key_thumbprint, device=device_name
    )
    if user.kind != User.Kind.CUSTOMER:
        raise WrongCredentials
    ends_at = time.time() + settings.API_CHALLENGE_LIFETIME.total_seconds()
    return _challenge(
        PasswordProven(new_token(128), user.pk, key_thumbprint, device_name, ends_at, _stamp(user))
    )


def ask_passkey(auth_session: str, *, key_thumbprint: str) -> Asked:
    """The question for one of the person's passkeys, in the place of a code. The `auth_session` is not used up by it.

    Raises `ChallengeOver`.
    """
    _state, user = _open(auth_session, key_thumbprint)
    return ask_to_sign(_question(key_thumbprint), user=user)


def ask_passkey_alone(*, key_thumbprint: str) -> Asked:
    """The question for any passkey of this site, with neither address nor password before it."""
    return ask_to_sign(_question(key_thumbprint, alone=True), user=None)


def sign_in_by_passkey(
    answer: PasskeyAnswer, *, device_name: str, key_thumbprint: str, actor: Actor
) -> Tokens:
    """Possession and a verified user in one: the passkey says who it is, and the device gets its tokens.

    Raises `WrongPasskey` (for staff too, who hold no tokens) and `PasskeyOver` at `/credential`, `TooManyTries`,
    `Suspended`, `Unavailable`.
    """
    question = _question(key_thumbprint, alone=True)
    try:
        proof = check_passkey(answer.ceremony, answer.credential, question=question, user=None, actor=actor)
        user: User = proof.device.user
        if user.kind != User.Kind.CUSTOMER:
            raise WrongPasskey
    except (WrongPasskey, PasskeyOver) as refusal:
        at_field = [FieldError("/credential", refusal.detail, refusal.code)]
        raise type(refusal)(errors=at_field) from refusal
    try:
        return sign_in_device(
            user, name=device_name, key_thumbprint=key_thumbprint, factor=proof.method, actor=actor
        )
    except Problem as refusal:
        keep_refusal(user.pk, refusal, channel="app", actor=actor, factor=proof.method, device=device_name)
        raise


def answer_challenge(
    auth_session: str, answer: str | PasskeyAnswer, *, key_thumbprint: str, actor: Actor
) -> Tokens:
    """Prove the second factor, by a code or a passkey, and give the device its tokens. The try uses the session up.

    Raises `ChallengeOver`; `WrongCode`, `WrongPasskey` or `PasskeyOver` with a fresh `auth_session` for the next try,
    which ends when the first one would have; `TooManyTries`, `FactorLocked`, `Suspended`, `Unavailable`.
    """
    state, user = take_session(auth_session, key_thumbprint=key_thumbprint)
    try:
        proof = _prove(user, answer, key_thumbprint, actor)
        return sign_in_device(
            user, name=state.device_name, key_thumbprint=key_thumbprint, factor=proof.method, actor=actor
        )
    except Problem as refusal:
        factor = method_of(answer) if isinstance(answer, str) else "passkey"
        keep_refusal(user.pk, refusal, channel="app", actor=actor, factor=factor, device=state.device_name)
        if isinstance(refusal, WrongCode | WrongPasskey | PasskeyOver):
            raise next_try(state, refusal) from refusal
        raise


def take_session(auth_session: str, *, key_thumbprint: str) -> tuple[PasswordProven, User]:
    """Use an `auth_session` up for one try at what follows the password. Raises `ChallengeOver` and `Unavailable`."""
    state, user = _open(auth_session, key_thumbprint)
    remember = int(settings.API_CHALLENGE_LIFETIME.total_seconds()) + 60
    if not first_use("auth-session", state.id, remember_seconds=remember):
        raise ChallengeOver
    return state, user


def _open(auth_session: str, key_thumbprint: str) -> tuple[PasswordProven, User]:
    state = PasswordProven.unseal(auth_session)
    if state.ends_at <= time.time() or not equal(state.thumbprint, key_thumbprint):
        raise ChallengeOver
    user = User.objects.filter(pk=state.user_id, is_active=True, kind=User.Kind.CUSTOMER).first()
    if user is None or not equal(state.stamp, _stamp(user)):
        raise ChallengeOver
    return state, user


def _question(key_thumbprint: str, *, alone: bool = False) -> Question:
    """Answered by the key alone that asked."""
    return Question("sign_in" if alone else "second_factor", f"key:{key_thumbprint}")


def _prove(user: User, answer: str | PasskeyAnswer, key_thumbprint: str, actor: Actor) -> FactorProof:
    if isinstance(answer, str):
        return check_code(user, answer, actor=actor)
    question = _question(key_thumbprint)
    return check_passkey(answer.ceremony, answer.credential, question=question, user=user, actor=actor)


def next_try(state: PasswordProven, refusal: WrongCode | WrongPasskey | PasskeyOver) -> InvalidInput:
    """The same refusal with a fresh `auth_session`, which ends when the first one would have."""
    again = _challenge(
        PasswordProven(
            new_token(128), state.user_id, state.thumbprint, state.device_name, state.ends_at, state.stamp
        )
    )
    pointer = "/code" if isinstance(refusal, WrongCode) else "/credential"
    return type(refusal)(
        errors=[FieldError(pointer, refusal.detail, refusal.code)],
        auth_session=again.auth_session,
        factors=again.factors,
        expires_in=again.expires_in,
    )


def _challenge(state: PasswordProven) -> Challenge:
    return Challenge(
        auth_session=state.seal(),
        factors=list(factors_of(state.user_id)),
        expires_in=max(0, int(state.ends_at - time.time())),
    )


def _stamp(user: User) -> str:
    """Changes with password and address: a challenge that was begun before is over then."""
    return digest(user.get_session_auth_hash(), "auth-session").hex()[:32]
