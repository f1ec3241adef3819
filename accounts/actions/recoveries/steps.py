"""What the steps of a recovery share: who acts in it, its rows under lock, and the database's refusals by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Now

from accounts.errors import RecoveryNotDue, RecoveryOver
from accounts.models import Recovery, User
from accounts.models.recoveries import OPEN_STATES
from wallet_site.actor import Actor
from wallet_site.errors import Problem

ACTOR_NAME: Final = "recovery"
_REFUSALS: Final[dict[str, type[Problem]]] = {"KK411": RecoveryOver, "KK412": RecoveryNotDue}


def recoverer(user_id: int, actor: Actor) -> Actor:
    """The customer who recovers, from where `actor` is. Who is signed in in that browser has no part in it."""
    return replace(
        actor,
        kind="customer",
        user_id=user_id,
        name=ACTOR_NAME,
        session_id=None,
        token_id=None,
        verified_at=None,
    )


def lock_recovery(**which: Any) -> Recovery:
    """An open recovery and its person, locked in the order that every change of a credential takes them.

    Raises `RecoveryOver` when there is none, it has ended, or its time is over by the database's clock.
    """
    found = Recovery.objects.filter(**which).values_list("pk", "user_id").first()
    if found is None:
        raise RecoveryOver
    User.objects.select_for_update(no_key=True).get(pk=found[1])
    in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    recovery = (
        Recovery.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(in_time, pk=found[0], state__in=OPEN_STATES)
        .filter(**which)
        .first()
    )
    if recovery is None:
        raise RecoveryOver
    return recovery


def open_recovery(user_id: int) -> Recovery | None:
    """The one recovery of this person that is under way."""
    return Recovery.objects.filter(user_id=user_id, state__in=OPEN_STATES).first()


@contextmanager
def guarded_steps() -> Iterator[None]:
    """Turn the guard's refusals into problems. Wraps the transaction, which is then rolled back."""
    try:
        yield
    except DatabaseError as error:
        refusal = _REFUSALS.get(getattr(error.__cause__, "sqlstate", None) or "")
        if refusal is None:
            raise
        raise refusal from error
