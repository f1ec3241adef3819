"""The recovery with a code, walked from an app: the same steps as by pages, each bound to the device's key.

A page keeps what is proven in its session; an app carries it along as a sealed `recovery_session`, which opens nothing
without the key that it was begun with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from accounts.actions.api_sign_ins import next_try, take_session
from accounts.actions.recoveries import by_code, by_link, enrolment
from accounts.errors import RecoveryOver, WrongCode
from accounts.models import Recovery, User
from accounts.recovery_links import link_digest
from accounts.sealed_states import seal, unseal
from wallet_site.actor import Actor

# At most; the database ends each step of a recovery by its own clock.
_LIFETIME: Final = timedelta(hours=1)
_PROVING: Final = "recovery_proving"
_ENROLLING: Final = "recovery_enrolling"


@dataclass(frozen=True, slots=True)
class AppRecovery:
    """Where a recovery stands, and what the app brings back with the next step; "" where it must wait."""

    recovery: Recovery
    session: str


def begin(auth_session: str, code: str, *, key_thumbprint: str, actor: Actor) -> AppRecovery:
    """After the password a recovery code: a code is mailed to the address on file. Uses the `auth_session` up.

    Raises `ChallengeOver`; `WrongCode` with a fresh `auth_session`; `TooManyTries`, `Suspended`, `Unavailable`.
    """
    state, user = take_session(auth_session, key_thumbprint=key_thumbprint)
    try:
        recovery = by_code.begin_by_code(user, code, actor=actor)
    except WrongCode as refusal:
        raise next_try(state, refusal) from refusal
    session = seal(_PROVING, holder=key_thumbprint, lifetime=_LIFETIME, recovery=recovery.pk)
    return AppRecovery(recovery, session)


def resend(session: str, *, key_thumbprint: str, actor: Actor) -> None:
    """Mail another code. Raises `RecoveryOver`, and `TooManyTries` past five an hour."""
    by_code.resend_code(_proving(session, key_thumbprint), actor=actor)


def prove_mail_code(session: str, code: str, *, key_thumbprint: str, actor: Actor) -> AppRecovery:
    """The second proof. Who can be told nowhere else waits a day first. Raises `WrongMailCode`, `RecoveryOver`."""
    proven = by_code.prove_mail_code(_proving(session, key_thumbprint), code, actor=actor)
    if not proven.key:
        return AppRecovery(proven.recovery, "")
    return AppRecovery(proven.recovery, _hand_over(proven.key, key_thumbprint))


def prove_password(token: str, password: str, *, key_thumbprint: str, actor: Actor) -> AppRecovery:
    """After the wait: the mailed link and the password. Raises `InvalidInput`, `TooManyTries`, `RecoveryOver`."""
    key = by_link.prove_password(link_digest(token), password, actor=actor)
    recovery = enrolment.enrolling(key)
    if recovery is None:
        raise RecoveryOver
    return AppRecovery(recovery, _hand_over(key, key_thumbprint))


def prove_app(session: str, code: str, *, key_thumbprint: str, actor: Actor) -> list[str]:
    """The first code of the new authenticator app; returns the recovery codes to come, the same at a repeat."""
    recovery = enrolment.prove_app(_key(session, key_thumbprint), code, actor=actor)
    return (recovery.recovery_codes or "").split("\n")


def finish(session: str, *, key_thumbprint: str, actor: Actor) -> User:
    """Put the new factor in force. Signs nobody in. Raises `RecoveryOver`, also for a repeat."""
    return enrolment.finish(_key(session, key_thumbprint), actor=actor)


def _hand_over(key: str, key_thumbprint: str) -> str:
    return seal(_ENROLLING, holder=key_thumbprint, lifetime=_LIFETIME, key=key)


def _proving(session: str, key_thumbprint: str) -> int:
    facts = unseal(session, _PROVING, holder=key_thumbprint)
    if facts is None:
        raise RecoveryOver
    return int(facts["recovery"])


def _key(session: str, key_thumbprint: str) -> str:
    facts = unseal(session, _ENROLLING, holder=key_thumbprint)
    if facts is None:
        raise RecoveryOver
    return str(facts["key"])
