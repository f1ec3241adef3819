"""Settling what a crash, a time-out or a customer who walked away has left open, by asking the processor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from payments.actions.top_up_reversals import send_refund
from payments.actions.top_ups import apply_outcome, request_for
from payments.models import TopUp, TopUpState
from payments.models.top_ups import OPEN_STATES
from payments.processors.base import LookUp, NeedsAction, NotFound, Processor, ProcessorError
from payments.processors.registry import processor_named
from wallet_site.actor import Actor
from wallet_site.errors import Problem
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

BATCH = 50
LONGEST_PAUSE = timedelta(minutes=10)
# A request cannot still be on its way to the processor after this, unless a machine slept: `void` settles that too.
LOST_AFTER = timedelta(seconds=60)
# The time that a customer has for their bank's page.
ABANDONED_AFTER = timedelta(minutes=15)


def settle_due_top_ups(actor: Actor) -> int:
    """Ask about every open top-up whose time for it has come; returns how many were asked about.

    Safe to run beside itself, requests and webhooks: each top-up is taken by one sweep at a time, and the outcome is
    recorded by the same guarded step as everywhere.
    """
    return _each_due(actor, Q(state__in=OPEN_STATES), _settle)


def send_due_refunds(actor: Actor) -> int:
    """Repeat the refunds that the processor has not confirmed; returns how many were tried."""
    return _each_due(actor, Q(state=TopUpState.REFUNDED, refund_reference=""), send_refund)


def _each_due(actor: Actor, which: Q, do: Callable[..., object]) -> int:
    """Each on its own: what the database, the books or the processor refuse of one, the next sweep tries again."""
    with recorded(actor):
        due = list(
            TopUp.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("card")
            .filter(which, check_at__lte=timezone.now())
            .order_by("check_at")[:BATCH]
        )
        for top_up in due:
            # Taken: the next sweep leaves it alone for a while, also when this one dies over it.
            top_up.checks += 1
            top_up.check_at = timezone.now() + pause_after(top_up.checks)
            top_up.save(update_fields=["checks", "check_at"])
    for top_up in due:
        try:
            do(top_up, actor=actor)
        except (Problem, ProcessorError, DatabaseError) as error:
            log.warning("top_up_not_settled_yet", top_up=str(top_up.public_id), error=str(error)[:200])
    return len(due)


def pause_after(checks: int) -> timedelta:
    """Longer from time to time: 5, 10, 20 seconds ... up to ten minutes."""
    return min(LONGEST_PAUSE, timedelta(seconds=5 * 2 ** min(checks - 1, 10)))


def _settle(top_up: TopUp, *, actor: Actor) -> TopUp:
    return apply_outcome(top_up.pk, _ask(top_up, processor_named(top_up.card.processor)), actor=actor)


def _ask(top_up: TopUp, processor: Processor) -> LookUp:
    request = request_for(top_up)
    reference = top_up.processor_reference
    news = processor.look_up(request, reference)
    age = timezone.now() - top_up.created_at
    if isinstance(news, NotFound) and age > LOST_AFTER:
        return processor.void(request)
    if isinstance(news, NeedsAction) and age > ABANDONED_AFTER:
        return processor.void(request, news.reference)
    return news


def ask_about(top_up: TopUp, *, actor: Actor) -> TopUp:
    """Ask the processor at once about an open top-up, as when its customer comes back from their bank's page."""
    if not top_up.is_open:
        return top_up
    news = processor_named(top_up.card.processor).look_up(request_for(top_up), top_up.processor_reference)
    return apply_outcome(top_up.pk, news, actor=actor)


def cancel_top_up(top_up: TopUp, *, actor: Actor) -> TopUp:
    """Give up a top-up that waits for its bank's page. Returns what is then true, even that it succeeded."""
    if top_up.state != TopUpState.NEEDS_ACTION:
        return top_up
    news = processor_named(top_up.card.processor).void(request_for(top_up), top_up.processor_reference)
    return apply_outcome(top_up.pk, news, actor=actor)
