"""Linking a card: start -> the processor's page with 3-D Secure -> our own checks -> a card, or a reason why not.

Whoever hears first that the customer is done (the return page, a webhook, the sweep) asks the processor and records
what it says; the linking's row lock makes that happen once.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import policy, step_up
from accounts.limits import network_key
from accounts.models import User
from payments import owner_names, risk, risk_facts
from payments.actions import risk_decisions
from payments.card_queries import cool_off_until, live_cards
from payments.errors import CoolingOff, TooManyCards
from payments.models import Card, CardLinking, LinkingState, ProcessorCustomer
from payments.processors.base import (
    CardDetails,
    LinkingAuthenticated,
    LinkingPending,
    LinkingRefused,
    LinkingRequest,
    LinkingResult,
    NewCustomer,
    Processor,
    ProcessorError,
    Reason,
)
from payments.processors.registry import current_processor, processor_named
from wallet_site import ratelimit
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Problem, Unavailable
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

LIFETIME = timedelta(minutes=30)
MOST_CARDS = 5
BATCH = 50
_DAY_SECONDS = 24 * 3600
# The guards' answers, by SQLSTATE; 23505 is the same card live on this wallet already.
_GUARDS = {"KK201": "too_many_cards", "KK202": "card_on_too_many_wallets", "23505": "already_linked"}


def start_linking(user: User, *, actor: Actor) -> tuple[CardLinking, str]:
    """Begin to link a card; returns the linking and the address of the processor's page. Told only when it is linked.

    Raises `StepUpRequired`, `Suspended`, `CoolingOff`, `TooManyCards`, `TooManyTries` (also when tries cannot be
    counted: `Unavailable`), `RiskDelayed` and `RiskDenied` for what looks unusual, and `Unavailable` when the
    processor cannot be reached. Each call is a new try.
    """
    step_up.require(actor)
    try:
        facts = _check_may_link(user, actor)
    except Problem as refusal:
        _record_refusal(user, refusal, actor)
        raise
    processor = current_processor()
    with recorded(actor):
        linking = CardLinking.objects.create(
            user=user,
            processor=processor.name,
            network=actor.network or None,
            device=actor.device,
            expires_at=timezone.now() + LIFETIME,
        )
        risk_decisions.clear(
            user.pk, facts, actor=actor, subject=("payments.cardlinking", str(linking.public_id))
        )
        record("payments:linking:started", actor=actor, subject=linking, user_id=user.pk)
    try:
        started = processor.start_linking(
            LinkingRequest(
                key=f"linking:{linking.public_id}",
                linking_id=str(linking.public_id),
                customer=_customer_reference(user, processor, actor),
                return_url=settings.PUBLIC_URL
                + reverse("payments:card_link_return", args=[linking.public_id]),
            )
        )
    except ProcessorError as error:
        log.warning("linking_not_started", linking=str(linking.public_id), error=str(error))
        with recorded(actor):
            _fail(linking, Reason.PROCESSOR_UNAVAILABLE, actor)
        raise Unavailable(retry_after=30) from error
    with recorded(actor):
        linking.reference = started.reference
        linking.expires_at = started.expires_at
        linking.save(update_fields=["reference", "expires_at"])
    return linking, started.url


def _check_may_link(user: User, actor: Actor) -> risk.Facts:
    policy.require(user.pk, "card_linking")
    waits_until = cool_off_until(user)
    if waits_until is not None:
        raise CoolingOff(ends_at=waits_until.isoformat())
    if live_cards(user).count() >= MOST_CARDS:
        raise TooManyCards
    for name, key, limit in (
        ("card-linking", str(user.pk), settings.CARD_LINKINGS_PER_CUSTOMER_A_DAY),
        ("card-linking-network", network_key(actor.network), settings.CARD_LINKINGS_PER_NETWORK_A_DAY),
    ):
        ratelimit.take(name, key, limit=limit, period_seconds=_DAY_SECONDS)
    facts = risk_facts.of_linking(user, actor=actor, cool_off_until=waits_until, now=timezone.now())
    risk_decisions.check(user.pk, facts, actor=actor)
    return facts


def _record_refusal(user: User, refusal: Problem, actor: Actor) -> None:
    with recorded(actor):
        risk_decisions.note_refusal(refusal, actor=actor)
        record("payments:linking:refused", actor=actor, user_id=user.pk, data={"problem": refusal.code})


def _customer_reference(user: User, processor: Processor, actor: Actor) -> str:
    known = ProcessorCustomer.objects.filter(user=user, processor=processor.name).first()
    if known is not None:
        return known.reference
    reference = processor.register_customer(NewCustomer(str(user.public_id), user.full_name))
    with recorded(actor):
        # Two first linkings at once: the processor gave both the same reference, one row is enough.
        ProcessorCustomer.objects.bulk_create(
            [ProcessorCustomer(user=user, processor=processor.name, reference=reference)],
            ignore_conflicts=True,
        )
    return reference


def finish_linking(linking: CardLinking, *, actor: Actor) -> CardLinking:
    """Ask the processor how far a linking is and record it; returns it as it then stands. A repeat changes nothing.

    When the processor cannot be asked the linking stays open, and webhook or sweep settle it.
    """
    if linking.state != LinkingState.STARTED or not linking.reference:
        return linking
    try:
        result = processor_named(linking.processor).linking_result(linking.reference)
    except ProcessorError as error:
        log.warning("linking_not_asked", linking=str(linking.public_id), error=str(error))
        return linking
    return apply_linking_result(linking, result, actor=actor)


def apply_linking_result(linking: CardLinking, result: LinkingResult, *, actor: Actor) -> CardLinking:
    """`write_linking_result` in a transaction of its own, and what the processor must forget after it."""
    with recorded(actor):
        linking = write_linking_result(linking.pk, result, actor=actor)
    forget_refused_card(linking, result)
    return linking


def write_linking_result(linking_id: int, result: LinkingResult, *, actor: Actor) -> CardLinking:
    """Record a processor's word inside the caller's transaction. Old news of an ended linking changes nothing."""
    # Not joined with its card: a row that was waited for comes new, what is joined to it comes as it was before.
    linking = CardLinking.objects.select_for_update(of=("self",)).select_related("user").get(pk=linking_id)
    if linking.state != LinkingState.STARTED:
        return linking
    match result:
        case LinkingAuthenticated(card, three_d_secure):
            _move(linking, LinkingState.AUTHENTICATED)
            _link(linking, card, three_d_secure, actor)
        case LinkingRefused(Reason.ABANDONED):
            _end(linking, LinkingState.ABANDONED)
        case LinkingRefused(reason):
            _fail(linking, reason, actor)
        case LinkingPending():
            pass
    return linking


def _link(linking: CardLinking, details: CardDetails, three_d_secure: str, actor: Actor) -> None:
    """Our own checks on an authenticated card, then the card; the caps are the database's."""
    match = owner_names.compare(linking.user.full_name, details.holder_name)
    if three_d_secure != "authenticated":
        _fail(linking, Reason.AUTHENTICATION_REQUIRED, actor)
    elif policy.is_stopped(linking.user_id, "card_linking"):
        _fail(linking, "suspended", actor)
    elif match is None:
        _fail(linking, "owner_differs", actor)
    elif why := _risk_of(linking, details, actor):
        _fail(linking, why, actor)
    else:
        card = Card(
            user=linking.user,
            processor=linking.processor,
            token=details.token,
            brand=details.brand,
            last_four=details.last_four,
            expiry_month=details.expiry_month,
            expiry_year=details.expiry_year,
            country=details.country,
            fingerprint=details.fingerprint,
            three_d_secure=three_d_secure,
            owner_match=match,
            linked_at=timezone.now(),
        )
        refused = _insert(card)
        if refused:
            _fail(linking, refused, actor)
        else:
            _succeed(linking, card, actor)


def _risk_of(linking: CardLinking, details: CardDetails, actor: Actor) -> str:
    """Judge once more, now that the card is known; "" or why not. The second factor was proven when it began."""
    facts = risk_facts.of_linking(
        linking.user,
        actor=actor,
        cool_off_until=None,
        now=timezone.now(),
        linking=linking,
        fingerprint=details.fingerprint,
    )
    decision = risk_decisions.judge_known_card(linking, facts, actor=actor)
    if not risk.is_graver(decision.outcome, risk.Outcome.STEP_UP):
        return ""
    rules = {finding.rule for finding in decision.findings}
    return "card_on_too_many_wallets" if risk.Rule.ONE_CARD_MANY_WALLETS in rules else "looks_unusual"


def _insert(card: Card) -> str:
    """Write a card; "" or the guard that refused it."""
    try:
        with transaction.atomic():
            card.save(force_insert=True)
    except DatabaseError as error:
        refused = _GUARDS.get(getattr(error.__cause__, "sqlstate", None) or "")
        if refused is None:
            raise
        return refused
    return ""


def _succeed(linking: CardLinking, card: Card, actor: Actor) -> None:
    linking.card = card
    _end(linking, LinkingState.LINKED)
    owe(
        "payments:card:linked",
        key=f"card-linked:{card.public_id}",
        payload={"card_id": card.pk, "network": linking.network, "device": linking.device},
        user_id=linking.user_id,
        priority="security",
    )
    record(
        "payments:card:linked",
        actor=actor,
        subject=card,
        user_id=linking.user_id,
        data={
            "card": str(card),
            "country": card.country,
            "owner_match": card.owner_match,
            "three_d_secure": card.three_d_secure,
        },
    )


def _fail(linking: CardLinking, reason: str, actor: Actor) -> None:
    linking.failure_reason = reason
    _end(linking, LinkingState.FAILED)
    record(
        "payments:linking:failed",
        actor=actor,
        subject=linking,
        user_id=linking.user_id,
        data={"reason": str(reason)},
    )


def _end(linking: CardLinking, state: LinkingState) -> None:
    linking.ended_at = timezone.now()
    _move(linking, state)


def _move(linking: CardLinking, state: LinkingState) -> None:
    linking.state = state
    linking.save(update_fields=["state", "failure_reason", "card", "ended_at"])


def forget_refused_card(linking: CardLinking, result: LinkingResult) -> None:
    """A card that passed at the processor and not with us is no use there: best effort, we cannot charge it anyway."""
    if linking.state != LinkingState.FAILED or not isinstance(result, LinkingAuthenticated):
        return
    try:
        processor_named(linking.processor).forget_card(result.card.token)
    except ProcessorError as error:
        log.warning("refused_card_not_forgotten", linking=str(linking.public_id), error=str(error))


def settle_expired_linkings(actor: Actor) -> int:
    """End the linkings whose time is over: linked after all, or abandoned. Returns how many were looked at."""
    expired = CardLinking.objects.filter(state=LinkingState.STARTED, expires_at__lte=timezone.now()).order_by(
        "expires_at"
    )[:BATCH]
    for linking in expired:
        _settle_expired(linking, actor)
    return len(expired)


def _settle_expired(linking: CardLinking, actor: Actor) -> None:
    result: LinkingResult = LinkingRefused(Reason.ABANDONED)
    if linking.reference:
        try:
            result = processor_named(linking.processor).cancel_linking(linking.reference)
        except ProcessorError as error:
            log.warning("linking_not_cancelled", linking=str(linking.public_id), error=str(error))
            return
    apply_linking_result(linking, result, actor=actor)
