"""What happens when lists of leaked passwords are tried here: one alarm, and slowness for devices that nobody knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import F, Value
from django.db.models.functions import Greatest, Now

from accounts import events, stuffing
from accounts.models import StuffingWave
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

# A wave that rests for so long is over; what comes later is another one, with an alarm of its own.
RESTS_FOR: Final = timedelta(minutes=30)
_ACTOR: Final = Actor.system("stuffing")


def judge_try(address: str, network: str, *, is_right: bool) -> None:
    """Count a try at a password from an unknown device, and raise the alarm when it is one of a wave.

    Raises `Unavailable` where tries cannot be counted.
    """
    stuffing.count_try(address, network, is_right=is_right)
    if is_right:
        return
    found = stuffing.figures()
    if not found.is_wave(stuffing.thresholds()):
        return
    stuffing.slow_down()
    if stuffing.is_due():
        keep_wave(found)


def keep_wave(found: stuffing.Figures) -> StuffingWave:
    """Begin the wave, or go on with the one that is under way. Of any number of calls at once one begins it."""
    with recorded(_ACTOR):
        wave, begins = StuffingWave.objects.select_for_update().get_or_create(
            is_over=False,
            defaults={
                "tries": found.tries,
                "right": found.right,
                "accounts": found.accounts,
                "networks": found.networks,
            },
        )
        is_worse = {"tries": found.tries, "accounts": found.accounts, "networks": found.networks}
        worst = {name: Greatest(F(name), Value(number)) for name, number in is_worse.items()}
        StuffingWave.objects.filter(pk=wave.pk).update(
            last_seen_at=Now(), right=Greatest(F("right"), Value(found.right)), **worst
        )
        # By what the insert said, not by the clock: a clock that stands still would begin it twice.
        if begins:
            owe(
                events.STUFFING_SEEN,
                key=f"stuffing:{wave.pk}",
                payload={"wave_id": wave.pk},
                priority="security",
            )
            record("accounts:stuffing:seen", actor=_ACTOR, subject=wave, data={"tries": found.tries})
    return wave


def end_wave() -> bool:
    """End the wave that has rested for half an hour. A repeat ends nothing and returns False."""
    with recorded(_ACTOR):
        ended = StuffingWave.objects.filter(is_over=False, last_seen_at__lt=Now() - RESTS_FOR)
        return bool(ended.update(is_over=True, ended_at=Now()))
