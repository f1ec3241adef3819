"""What the desk reads about recoveries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import RecoveryStep, User

SHOWN = 30


@dataclass(frozen=True, slots=True)
class Step:
    """One state that a recovery reached; `by` is a member of staff's name or "" for the customer and the clock."""

    state: str
    at: datetime
    by: str


def steps_of(user_id: int) -> list[Step]:
    """The newest steps of all recoveries of a customer, newest first; two queries."""
    rows = list(RecoveryStep.objects.filter(user_id=user_id).order_by("-pk")[:SHOWN])
    acting = {row.actor.get("user_id") for row in rows if row.actor.get("kind") == "staff"}
    names = dict(User.objects.filter(pk__in=acting, is_staff=True).values_list("pk", "full_name"))
    return [Step(row.get_state_display(), row.at, names.get(row.actor.get("user_id"), "")) for row in rows]
