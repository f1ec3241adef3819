"""Stopping a whole account at once, by somebody who is not signed in: nothing leaves it, everything signed in is out.

Only the desk starts it again, by two people. The caller says why and tells the desk.
"""

from __future__ import annotations

from dataclasses import replace

from accounts.actions.sign_ins import write_device_revocations, write_ends
from accounts.actions.suspensions import write_suspension
from accounts.models import ContactChange, FactorGuesses, Suspension, User
from accounts.undo_links import UNDO_ACTOR
from wallet_site.actor import Actor


def outsider(actor: Actor, *, name: str = UNDO_ACTOR) -> Actor:
    """Who acts by a link or a code instead of a sign-in, from where `actor` is.

    Whoever happens to be signed in in that browser has nothing to do with it. The database writes this actor beside
    each change that is made: notices of these offer no undoing of the undoing.
    """
    return replace(actor, kind="system", user_id=None, name=name, session_id=None, token_id=None)


def write_freeze(
    user: User, *, channel: Suspension.Channel, reason_code: Suspension.Reason, reason: str, actor: Actor
) -> Suspension:
    """Stop everything, end every session and app, drop what waits to be confirmed; inside the caller's transaction.

    `user` must be locked. `actor` is an `outsider`.
    """
    # The row that guesses wait for: nobody proves a factor while the account is being stopped.
    FactorGuesses.objects.bulk_create([FactorGuesses(user=user)], ignore_conflicts=True)
    FactorGuesses.objects.select_for_update().get(user=user)
    suspension = write_suspension(
        user,
        scope=Suspension.Scope.ALL,
        reason_code=reason_code,
        reason=reason,
        channel=channel,
        actor=actor,
    )
    write_ends(user, why="undo_link")
    write_device_revocations(user, why="undo_link")
    ContactChange.objects.filter(user=user).delete()
    return suspension
