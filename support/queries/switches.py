"""What is stopped for everybody, since when, by whom and why; and how often it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from support.models import Approval
from support.policy import names_of
from wallet_site.switches.models import Flip, Switch
from wallet_site.switches.names import Words

FLIPS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class SwitchState:
    """One switch with its last flip. `waiting`: the request to release it, if one waits."""

    name: str
    words: Words
    is_pulled: bool
    since: datetime | None
    by: str
    reason: str
    is_drained: bool
    waiting: Approval | None


@dataclass(frozen=True, slots=True)
class PastFlip:
    """One flip, in words."""

    is_pulled: bool
    is_drained: bool
    at: datetime
    by: str
    reason: str


def switch_states() -> list[SwitchState]:
    """Every switch, in the order of the table. Three queries."""
    newest = Flip.objects.filter(switch=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    switches = list(Switch.objects.annotate(newest=Subquery(newest)).order_by("pk"))
    flips = Flip.objects.in_bulk([one.newest for one in switches if one.newest])
    names = names_of([flip.actor for flip in flips.values()])
    waiting = {
        one.subject_id: one
        for one in Approval.objects.filter(kind="release_switch", state=Approval.State.WAITING)
        if not one.is_over
    }
    return [_state(one, flips.get(one.newest), names, waiting.get(one.pk)) for one in switches]


def _state(switch: Switch, flip: Flip | None, names: dict[int, str], waiting: Approval | None) -> SwitchState:
    return SwitchState(
        name=switch.name,
        words=switch.words,
        is_pulled=switch.is_pulled,
        since=flip.at if flip else None,
        by=_by(flip, names) if flip else "",
        reason=flip.reason if flip else "",
        is_drained=flip.is_drained if flip else True,
        waiting=waiting,
    )


def past_flips(name: str) -> Sequence[PastFlip]:
    """The last flips of one switch, newest first. Two queries."""
    flips = list(Flip.objects.filter(switch__name=name).order_by("-pk")[:FLIPS_SHOWN])
    names = names_of([flip.actor for flip in flips])
    return [PastFlip(one.is_pulled, one.is_drained, one.at, _by(one, names), one.reason) for one in flips]


def _by(flip: Flip, names: dict[int, str]) -> str:
    return names.get(flip.actor.get("user_id") or 0) or str(flip.actor.get("name") or flip.actor["kind"])
