"""A forgotten password: a link to the address on file, a second factor, a new password (requirements 20 to 24)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts import events, limits, policy
from accounts.addresses import read_email
from accounts.errors import LinkOver
from accounts.models import PasswordReset, User
from accounts.password_rules import refuse_weak
from accounts.two_factor.codes import check_code
from accounts.two_factor.passkeys.ceremonies import Asked, Question, ask_to_sign
from accounts.two_factor.passkeys.proofs import PasskeyAnswer, check_passkey
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest, encrypt, new_token
from wallet_site.outbox.owing import owe
from wallet_site.switches.asking import require as require_switch
from wallet_site.transactions import recorded

LINK_LIFETIME: Final = timedelta(minutes=15)


def token_digest(token: str) -> bytes:
    """How a link's secret lies in the database and in the session."""
    return digest(token, "password-reset")


def ask_reset(email: str, *, actor: Actor) -> None:
    """Owe a link to the address on file; for an address that nobody has, do the same work and send nothing.

    The mail goes to the stored address of the account found, never to what was typed. Raises `InvalidInput` for
    what is no address and `TooManyTries`; nothing tells whether the account exists.
    """
    address = read_email(email)
    limits.RESET_NETWORK.take(limits.network_key(actor.network))
    limits.RESET_ADDRESS.take(address)
    token = new_token(256)
    now = timezone.now()
    with recorded(actor):
        PasswordReset.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
        user = User.objects.filter(email=address, is_active=True).first()
        PasswordReset.objects.create(
            user=user, token_digest=token_digest(token), expires_at=now + LINK_LIFETIME
        )
        owe(
            events.RESET_LINK,
            key=f"password-reset:{token_digest(token).hex()}",
            payload={
                "sealed_token": encrypt(token),
                "valid_until": (now + LINK_LIFETIME).isoformat(),
                "origin": events.origin(actor),
            },
            user_id=user.pk if user else None,
            priority="security",
        )


def live_reset(stored_digest: bytes) -> PasswordReset | None:
    """The reset of a link that still counts, or None. Any credential change has ended it, by trigger."""
    return (
        PasswordReset.objects.select_related("user")
        .filter(token_digest=stored_digest, used_at=None, expires_at__gt=timezone.now(), user__is_active=True)
        .first()
    )


def ask_passkey(stored_digest: bytes, *, bearer: str) -> Asked:
    """The question for one of the person's passkeys. It uses nothing up. Raises `LinkOver`."""
    reset = live_reset(stored_digest)
    if reset is None or reset.user is None:
        raise LinkOver
    return ask_to_sign(_question(stored_digest, bearer), user=reset.user)


def _question(stored_digest: bytes, bearer: str) -> Question:
    """The link is part of what is signed: the answer is worth nothing for another link, or for signing in."""
    return Question("reset", bearer, bound_to=stored_digest)


def finish_reset(
    stored_digest: bytes, *, answer: str | PasskeyAnswer, new_password: str, actor: Actor, bearer: str = ""
) -> User:
    """Set the new password, after the second factor. Signs nobody in.

    `answer` is a code, or what a passkey answered to the question that `ask_passkey` put to the same `bearer`.
    By triggers: all sessions and apps are signed out, every address is told, this and every other link is dead.
    Raises `LinkOver`, `InvalidInput`, `WrongCode`, `WrongPasskey`, `PasskeyOver`, `TooManyTries`, `FactorLocked`,
    `Unavailable`, `SwitchedOff`, `Suspended` (told only after the second factor); then the link may be used again.
    """
    limits.RESET_LINK_NETWORK.take(limits.network_key(actor.network))
    reset = live_reset(stored_digest)
    if reset is None or reset.user is None:
        raise LinkOver
    refuse_weak(new_password, reset.user, pointer="/new_password")
    if isinstance(answer, str):
        check_code(reset.user, answer, actor=actor)
    else:
        question = _question(stored_digest, bearer)
        check_passkey(answer.ceremony, answer.credential, question=question, user=reset.user, actor=actor)
    policy.require(reset.user.pk, "sign_in")
    with recorded(actor):
        require_switch("password_reset")
        user = User.objects.select_for_update(no_key=True).get(pk=reset.user.pk)
        used = PasswordReset.objects.filter(pk=reset.pk, used_at=None, expires_at__gt=timezone.now()).update(
            used_at=timezone.now()
        )
        if not used:
            raise LinkOver
        user.set_password(new_password)
        user.save(update_fields=["password"])
        record("accounts:password:reset", actor=actor, subject=user, user_id=user.pk)
    return user
