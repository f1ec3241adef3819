"""Stopping a recovery by the link that everybody on file was sent: it freezes, calls the desk and gives no control.

A signed-in customer can also simply take back a recovery of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from accounts import limits, step_up
from accounts.actions.freezes import outsider, write_freeze
from accounts.actions.recoveries.steps import guarded_steps, open_recovery
from accounts.errors import LinkOver, RecoveryOver
from accounts.models import Recovery, RecoveryState, RecoveryStop, Suspension, User
from accounts.notice_targets import Target
from accounts.recovery_links import read_stop_link
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

# Not told at an address, but seen in a browser or app that is signed in.
PORTAL: Final = Target("portal", "")


@dataclass(frozen=True, slots=True)
class Stopped:
    """What came of it. `is_first` is False for a recovery that was stopped before: then nothing was done."""

    stop: RecoveryStop
    is_first: bool


def stop_recovery(token: str, *, actor: Actor) -> Stopped:
    """Do what the link promises, in one transaction; a repeat does nothing new.

    The recovery ends, the account is frozen, everything signed in is out, the desk gets a case by trigger. Also within
    seven days after a recovery that led to a new factor: then the freeze is what helps, and the undo links of the
    changes put things back. Raises `LinkOver`, and `TooManyTries` past sixty tries an hour from one network.
    """
    limits.UNDO_NETWORK.take(limits.network_key(actor.network))
    link = read_stop_link(token)
    if link is None:
        raise LinkOver
    stopper = outsider(actor)
    with guarded_steps(), recorded(stopper):
        user = User.objects.select_for_update(no_key=True).get(pk=link.recovery.user_id)
        before = RecoveryStop.objects.filter(recovery=link.recovery).first()
        if before is not None:
            return Stopped(before, is_first=False)
        return Stopped(_write_stop(link.recovery.pk, user, link.target, stopper), is_first=True)


def stop_signed_in(user: User, *, actor: Actor) -> RecoveryStop:
    """The same by somebody who is signed in and says that it was not them; they are signed out by it too.

    Stopping asks for no fresh proof. Raises `RecoveryOver` when none is under way.
    """
    stopper = outsider(actor)
    with guarded_steps(), recorded(stopper):
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        recovery = open_recovery(user.pk)
        if recovery is None:
            raise RecoveryOver(_("No recovery of your account is under way."))
        return _write_stop(recovery.pk, locked, PORTAL, stopper)


def _write_stop(recovery_id: int, user: User, target: Target, stopper: Actor) -> RecoveryStop:
    recovery = Recovery.objects.select_for_update().get(pk=recovery_id)
    was_open = recovery.is_open
    if was_open:
        recovery.state = RecoveryState.STOPPED
        recovery.save(update_fields=["state"])
    elif recovery.state != RecoveryState.COMPLETED:
        raise LinkOver
    suspension = write_freeze(
        user,
        channel=Suspension.Channel.UNDO_LINK,
        reason_code=Suspension.Reason.TAKEOVER,
        reason=f"stop link of recovery {recovery.public_id} used ({'open' if was_open else 'completed'})",
        actor=stopper,
    )
    stop = RecoveryStop.objects.create(
        recovery=recovery,
        user=user,
        channel=target.channel,
        address=target.address,
        actor=json.loads(stopper.as_json()),
    )
    record(
        "accounts:recovery:stopped",
        actor=stopper,
        subject=recovery,
        user_id=user.pk,
        data={"suspension_id": suspension.pk, "was_open": was_open},
    )
    return stop


def take_back(user: User, *, actor: Actor) -> None:
    """The signed-in customer ends their own recovery; nothing is frozen. Asks for a fresh second factor.

    Raises `StepUpRequired`, and `RecoveryOver` when none is under way.
    """
    step_up.require(actor)
    with guarded_steps(), recorded(actor):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        recovery = open_recovery(user.pk)
        if recovery is None:
            raise RecoveryOver(_("No recovery of your account is under way."))
        recovery.state = RecoveryState.WITHDRAWN
        recovery.save(update_fields=["state"])
        record("accounts:recovery:taken_back", actor=actor, subject=recovery, user_id=user.pk)
