"""Removing a card and blocking one. Told at every address, and carried to the processor by the sweep if not at once."""

from __future__ import annotations

import structlog
from django.utils import timezone

from accounts import step_up
from payments import posting
from payments.models import Card, CardState
from payments.processors.base import ProcessorError
from payments.processors.registry import processor_named
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

BATCH = 50


def remove_card(card: Card, *, actor: Actor) -> None:
    """Remove a live card for its customer; charges that are under way end as they would have. A repeat does nothing.

    Raises `StepUpRequired` without a fresh second factor.
    """
    step_up.require(actor)
    with recorded(actor):
        # No top-up can begin with this card while it goes.
        posting.lock_wallet(card.user_id)
        _end(card, CardState.REMOVED, "removed", actor)
    forget_at_processor(card, actor=actor)


def write_block(card: Card, *, why: str, actor: Actor) -> None:
    """Stop a live card for good, inside the caller's transaction. A repeat does nothing."""
    _end(card, CardState.BLOCKED, why, actor)


def write_removal(card: Card, *, why: str, actor: Actor) -> None:
    """Take a live card off with the wallet that it belongs to, inside the caller's transaction."""
    _end(card, CardState.REMOVED, why, actor)


def _end(card: Card, state: CardState, why: str, actor: Actor) -> None:
    ended = Card.objects.filter(pk=card.pk, state=CardState.LIVE).update(
        state=state, ended_at=timezone.now(), ended_why=why
    )
    if not ended:
        return
    owe(
        f"payments:card:{state}",
        key=f"card-{state}:{card.public_id}",
        payload={"card_id": card.pk, "network": actor.network, "device": actor.device},
        user_id=card.user_id,
        priority="security",
    )
    record(
        f"payments:card:{state}",
        actor=actor,
        subject=card,
        user_id=card.user_id,
        data={"card": str(card), "why": why},
    )


def forget_at_processor(card: Card, *, actor: Actor) -> bool:
    """Make an ended card unchargeable at the processor too; False when the processor could not be asked."""
    try:
        processor_named(card.processor).forget_card(card.token)
    except ProcessorError as error:
        log.warning("card_not_forgotten_yet", card=str(card.public_id), error=str(error))
        return False
    with recorded(actor):
        Card.objects.filter(pk=card.pk, forgotten_at=None).update(forgotten_at=timezone.now())
    return True


def forget_ended_cards(actor: Actor) -> int:
    """Carry what removals and blocks owe to the processor; returns how many cards it has now forgotten."""
    owed = Card.objects.filter(forgotten_at=None).exclude(state=CardState.LIVE).order_by("pk")[:BATCH]
    return sum(forget_at_processor(card, actor=actor) for card in owed)
