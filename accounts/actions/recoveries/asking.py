"""Somebody who has lost everything asks by page: the same answer at the same cost for every address (requirement 5).

The page only writes the question down. The worker finds out whether it names an account, and only then is there a
recovery that the desk sees and everybody is told of. Nothing begins before two members of staff agree.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts import limits
from accounts.actions.recoveries.steps import open_recovery, recoverer
from accounts.addresses import read_email
from accounts.models import Recovery, RecoveryAsk, RecoveryState, User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

BATCH = 50


def ask_recovery(email: str, *, actor: Actor) -> None:
    """Write down that `email` was typed. Raises `InvalidInput` for what is no address, and `TooManyTries`."""
    address = read_email(email)
    limits.RECOVERY_NETWORK.take(limits.network_key(actor.network))
    limits.RECOVERY_ADDRESS.take(address)
    with recorded(actor):
        RecoveryAsk.objects.create(email=address, actor=json.loads(actor.as_json()))


def take_asks() -> int:
    """Turn what was asked into recoveries, one transaction each; returns how many were looked at.

    Safe beside itself. An account whose recovery is under way gets no second one, and is not told again.
    """
    for done in range(BATCH):
        with transaction.atomic():
            ask = (
                RecoveryAsk.objects.select_for_update(skip_locked=True)
                .filter(handled_at=None)
                .order_by("asked_at")
                .first()
            )
            if ask is None:
                return done
        _take(ask)
    return BATCH


def _take(ask: RecoveryAsk) -> None:
    actor = _asker(ask.actor)
    user = User.objects.filter(email=ask.email, kind=User.Kind.CUSTOMER, is_active=True).first()
    with recorded(recoverer(user.pk, actor) if user else actor):
        taken = RecoveryAsk.objects.filter(pk=ask.pk, handled_at=None).update(handled_at=Now())
        if not taken or user is None:
            return
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if open_recovery(user.pk) is not None:
            return
        recovery = Recovery.objects.create(user=user, way=Recovery.Way.DESK, state=RecoveryState.REQUESTED)
        record("accounts:recovery:asked", actor=actor, subject=recovery, user_id=user.pk)


def _asker(facts: dict[str, Any]) -> Actor:
    """Who asked, from where, as the page wrote it down."""
    known = {field.name for field in fields(Actor)} - {
        "user_id",
        "session_id",
        "token_id",
        "verified_at",
        "kind",
    }
    return Actor(kind="anonymous", **{name: value for name, value in facts.items() if name in known})
