"""Adding passkeys; it asks for a fresh proof with an existing factor (requirement 12)."""

from __future__ import annotations

from typing import Final

from django.db import IntegrityError

from accounts import step_up
from accounts.actions.factors import MAXIMUM_NAME, lock_factors, read_label
from accounts.errors import PasskeyKnown, TooManyFactors
from accounts.models import Passkey, User
from accounts.two_factor.passkeys.ceremonies import Asked, Question, ask_to_register, judge_new, take
from accounts.two_factor.passkeys.providers import name_for
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

MAXIMUM_PASSKEYS: Final = 10


def begin_passkey(user: User, *, bearer: str, actor: Actor) -> Asked:
    """The question with which an authenticator makes a new passkey. Raises `StepUpRequired`, `TooManyFactors`."""
    step_up.require(actor)
    _refuse_too_many(user)
    return ask_to_register(Question("register", bearer), user=user)


def add_passkey(
    user: User, *, ceremony: str, credential: str, name: str, bearer: str, actor: Actor
) -> Passkey:
    """Enrol the passkey with which an authenticator answered. An empty `name` is filled in from what made it.

    By triggers every address is told and other sessions end. Raises `StepUpRequired`, `InvalidInput`, `PasskeyOver`,
    `WrongPasskey`, `PasskeyKnown` (also for a passkey that is somebody else's), `TooManyFactors`, `Unavailable`.
    """
    step_up.require(actor)
    label = read_label(name) if name.strip() else ""
    new = judge_new(take(ceremony, Question("register", bearer), user=user), credential)
    passkey = new.for_person(user, name=label or name_for(new.aaguid, actor.device)[:MAXIMUM_NAME])
    try:
        with recorded(actor):
            lock_factors(user)
            _refuse_too_many(user)
            passkey.save(force_insert=True)
            record("accounts:factor:added", actor=actor, subject=passkey, user_id=user.pk)
    except IntegrityError as error:
        raise PasskeyKnown from error
    return passkey


def _refuse_too_many(user: User) -> None:
    if Passkey.objects.filter(user=user, confirmed=True).count() >= MAXIMUM_PASSKEYS:
        raise TooManyFactors
