"""Proving a second factor, or who one is at all, by a passkey.

Everything happens under the passkey's row lock, in a transaction of its own, and neither looks at nor touches the
counters of wrong codes: whoever has used those up has not locked the owner's passkey (requirements 16 and 17).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db.models.functions import Now
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnUserHandle
from webauthn.helpers.structs import AuthenticationCredential

from accounts import events, limits
from accounts.errors import WrongPasskey
from accounts.models import Passkey, User
from accounts.two_factor.codes import owe_warning
from accounts.two_factor.methods import FactorProof
from accounts.two_factor.passkeys.ceremonies import (
    Ceremony,
    Purpose,
    Question,
    judge_signed,
    read_signed,
    take,
)
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What an app sends in the place of a code: the sealed question, and the authenticator's answer as JSON text."""

    ceremony: str
    credential: str


def check_passkey(
    ceremony: str, credential: str, *, question: Question, user: User | None, actor: Actor
) -> FactorProof:
    """Judge what an authenticator answered to a question that `ceremonies.ask_to_sign` began.

    `user` None means that the passkey says who it is; the proof's device then carries its person. Raises `PasskeyOver`,
    `WrongPasskey`, `Unavailable`, and `TooManyTries` in the place of `WrongPasskey` for a network with very many wrong
    ones: a right one is always taken. The owner is told when somebody who had proven the password, or held a reset's
    link, failed here, and when a passkey seems to have been copied.
    """
    try:
        asked = take(ceremony, question, user=user)
        signed = read_signed(credential)
        with recorded(actor):
            verdict = _judge(asked, signed, user, actor)
    except WrongPasskey as refusal:
        verdict = refusal
    if isinstance(verdict, WrongPasskey):
        _count_wrong(question.purpose, user, actor)
        raise verdict
    return verdict


def _judge(
    asked: Ceremony, signed: AuthenticationCredential, user: User | None, actor: Actor
) -> FactorProof | WrongPasskey:
    passkey = (
        Passkey.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(
            credential_id_sha256=hashlib.sha256(signed.raw_id).hexdigest(),
            confirmed=True,
            user__is_active=True,
            **({} if user is None else {"user": user}),
        )
        .first()
    )
    if passkey is None:
        raise WrongPasskey
    verified = judge_signed(asked, signed, passkey, WebAuthnUserHandle.get_handle_for_user(passkey.user))
    counts = (verified.new_sign_count, passkey.sign_count)
    if any(counts) and verified.new_sign_count <= passkey.sign_count:
        _tell_copied(passkey, actor)
        return WrongPasskey()
    Passkey.objects.filter(pk=passkey.pk).update(
        sign_count=verified.new_sign_count, backup_state=verified.credential_backed_up, last_used_at=Now()
    )
    return FactorProof(passkey, "passkey")


def _tell_copied(passkey: Passkey, actor: Actor) -> None:
    """An authenticator counts its signatures: a count that stood still or went back was made by a second one."""
    owe(
        events.PASSKEY_COPIED,
        key=f"passkey-copied:{passkey.pk}:{passkey.sign_count}",
        payload={
            "passkey": passkey.name,
            "at": timezone.now().isoformat(),
            "origin": events.origin(actor),
        },
        user_id=passkey.user_id,
        priority="security",
    )
    record(
        "accounts:passkey:count_went_back",
        actor=actor,
        subject=passkey,
        user_id=passkey.user_id,
        data={"known_count": passkey.sign_count},
    )


def _count_wrong(purpose: Purpose, user: User | None, actor: Actor) -> None:
    """Raise `TooManyTries` past the limit. Who fails at the second step had the password, or the mail: that is told."""
    if purpose in ("second_factor", "reset") and user is not None:
        with recorded(actor):
            owe_warning(user, actor, timezone.now())
            record("accounts:factor:wrong_passkey", actor=actor, user_id=user.pk)
    limits.WRONG_PASSKEY_NETWORK.take(limits.network_key(actor.network))
