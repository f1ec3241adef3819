"""Changing one's own password."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import step_up
from accounts.actions.credentials import prove_current_password
from accounts.models import User
from accounts.password_rules import refuse_weak
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput
from wallet_site.transactions import recorded


def change_password(user: User, *, current: str, new: str, actor: Actor) -> None:
    """Give `user` a new password. The current one and a fresh second factor are asked (requirement 4).

    By triggers: every address is told, all other sessions and apps are signed out, reset links die. Raises
    `StepUpRequired`, `InvalidInput`, `TooManyTries`. `user` carries the new hash afterwards.
    """
    step_up.require(actor)
    prove_current_password(user, current)
    if new == current:
        raise InvalidInput(
            errors=[
                FieldError(
                    "/new_password", _("Choose a password other than the current one."), "same-password"
                )
            ]
        )
    refuse_weak(new, user, pointer="/new_password")
    user.set_password(new)
    with recorded(actor):
        user.save(update_fields=["password"])
        record("accounts:password:changed", actor=actor, subject=user, user_id=user.pk)
