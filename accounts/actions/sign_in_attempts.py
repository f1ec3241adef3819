"""Keeping what became of a try to sign in. What succeeded is kept by triggers, whatever signed somebody in."""

from __future__ import annotations

from typing import Final, Literal

from accounts.errors import FactorLocked, PasskeyOver, Suspended, WrongCode, WrongPasskey
from accounts.models import SignInAttempt
from wallet_site.actor import Actor
from wallet_site.errors import Problem, TooManyTries
from wallet_site.switches.errors import SwitchedOff
from wallet_site.transactions import recorded

Result = SignInAttempt.Result
Channel = Literal["browser", "app"]
# Refusals of the second factor. Anything else (the database gone, a form that was open too long) is no try.
_RESULTS: Final[tuple[tuple[type[Problem], Result], ...]] = (
    (WrongCode, Result.WRONG_FACTOR),
    (WrongPasskey, Result.WRONG_FACTOR),
    (PasskeyOver, Result.WRONG_FACTOR),
    (TooManyTries, Result.TOO_MANY),
    (FactorLocked, Result.LOCKED),
    (Suspended, Result.STOPPED),
    (SwitchedOff, Result.STOPPED),
)


def keep_attempt(
    user_id: int | None, result: Result, *, channel: Channel, actor: Actor, factor: str = "", device: str = ""
) -> None:
    """Keep one try that came to nothing, in a transaction of its own. Each call is a row.

    `user_id` None for an address that nobody has: the row costs the same and is tied to nobody (requirement 5).
    `device` names the app's device; a browser is named by the actor.
    """
    with recorded(actor):
        SignInAttempt.objects.create(
            user_id=user_id,
            result=result,
            channel=channel,
            factor=factor,
            device=device or actor.device,
            network=actor.network or None,
        )


def keep_refusal(
    user_id: int, refusal: Problem, *, channel: Channel, actor: Actor, factor: str, device: str = ""
) -> None:
    """Keep what came of a second factor, or of signing in with it, that was refused."""
    for kind, result in _RESULTS:
        if isinstance(refusal, kind):
            keep_attempt(user_id, result, channel=channel, actor=actor, factor=factor, device=device)
            return
