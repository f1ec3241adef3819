"""May this top-up begin? Asked under the wallet's lock before a charge, and without it to say no early."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import policy
from accounts.models import User
from payments import card_limits, card_queries, risk, risk_facts
from payments.actions import risk_decisions
from payments.card_limits import Limit
from payments.errors import CardNotUsable, TopUpLimitReached
from payments.limit_words import below_minimum, refused_because
from payments.models import Card, TopUp
from payments.processors.registry import current_processor
from wallet_site.actor import Actor
from wallet_site.errors import FieldError, InvalidInput, TooManyTries

TRIES_PER_HOUR = 20


def check_pace(user: User) -> None:
    """Raise TooManyTries. Failed charges count here too: a stolen card is tried out by many small ones."""
    recent = TopUp.objects.filter(user=user, created_at__gt=timezone.now() - timedelta(hours=1)).count()
    if recent >= TRIES_PER_HOUR:
        raise TooManyTries(retry_after=3600)


def usable_card(user: User, card_id: UUID) -> Card:
    """The customer's card, if it can be charged; raises CardNotFound, CardNotUsable or NoProcessor."""
    processor = current_processor()
    card = card_queries.card_of(user, card_id)
    if card.processor != processor.name or card_queries.is_expired(card, timezone.now()):
        raise CardNotUsable
    return card


def check_top_up(user: User, *, card_id: UUID, amount_minor: int, actor: Actor) -> Card:
    """Judge a top-up before it is asked for, so that its page can say no at once; nothing is locked or kept.

    Returns the card; raises like `start_top_up`, which judges again.
    """
    policy.require(user.pk, "top_up")
    card = usable_card(user, card_id)
    facts = check_limits(user, card, amount_minor, balance=card_queries.balance_of(user), actor=actor)
    risk_decisions.check(user.pk, facts, actor=actor)
    return card


def check_limits(user: User, card: Card, amount_minor: int, *, balance: int, actor: Actor) -> risk.Facts:
    """Raise InvalidInput below the minimum and TopUpLimitReached above a limit; returns what risk judges by."""
    rules = card_queries.rules()
    if amount_minor < rules.minimum:
        words = below_minimum(rules.minimum)
        raise InvalidInput(words, errors=[FieldError("/amount", words, "below-minimum")])
    facts = card_queries.facts(user, card, balance=balance, now=timezone.now())
    limit = card_limits.refusal(amount_minor, facts, rules)
    if limit is not None:
        raise limit_refusal(limit)
    return risk_facts.of_top_up(
        user,
        card=card,
        amount_minor=amount_minor,
        most_minor=card_limits.most(facts, rules),
        actor=actor,
        cool_off_until=facts.cool_off_until,
        now=facts.now,
    )


def limit_refusal(limit: Limit) -> TopUpLimitReached:
    """The refusal that says which limit, how much it leaves and when it ends."""
    words = refused_because(limit)
    extra: dict[str, Any] = {"limit": limit.rule.value, "cap_minor": limit.cap, "left_minor": limit.left}
    if limit.ends_at is not None:
        extra["ends_at"] = limit.ends_at.isoformat()
    return TopUpLimitReached(words, errors=[FieldError("/amount", words, limit.rule.value)], **extra)
