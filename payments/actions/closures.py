"""Closing a wallet: ask -> wait, told everywhere and to be called off -> close.

The closing itself is one transaction: the balance leaves into claims, the wallet shuts, cards, sessions and apps end.
A crash leaves all of it or none, and the sweep comes again. What the claims owe to cards is then paid one by one
(`payments.actions.claims`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts import policy, step_up
from accounts.actions.forgetting import write_forgotten
from accounts.actions.sign_ins import write_device_revocations, write_ends
from accounts.models import ContactChange, User
from payments import posting
from payments.actions.card_endings import write_removal
from payments.closure_queries import held_up_by, plan_for, refundable, waiting_closure
from payments.errors import ClosureNotPossible, NoClosure
from payments.models import (
    AccountKind,
    AutoTopUp,
    Card,
    CardState,
    Claim,
    ClaimReason,
    ClaimWay,
    Closure,
    ClosureState,
    DataExport,
    JournalKind,
    MoneyRequest,
    OneTimeCode,
    RequestState,
    TopUp,
)
from payments.payouts import Plan
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import Problem
from wallet_site.outbox.owing import owe
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

ACTOR = Actor.system("closing clock")
BATCH = 50
FORGOTTEN_AFTER = timedelta(days=30)


def ask_to_close(user: User, *, actor: Actor) -> Closure:
    """Wish to close one's wallet. Nothing is moved or ended before the wait is over; told at every address.

    A repeat returns the wish that waits. Raises `StepUpRequired`, and `ClosureNotPossible` while anything is stopped.
    """
    step_up.require(actor)
    with recorded(actor):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        known = waiting_closure(user)
        if known is not None:
            return known
        if policy.restrictions(user.pk):
            raise ClosureNotPossible
        closure = Closure.objects.create(user=user)
        closure.refresh_from_db()
        _tell("asked", closure, actor, {"closes_at": closure.closes_at})
    return closure


def call_off(user: User, *, actor: Actor) -> Closure:
    """Keep the wallet. Asks for no fresh proof: it only keeps things as they are. Raises `NoClosure`."""
    with recorded(actor):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        closure = waiting_closure(user)
        if closure is None:
            raise NoClosure
        _call_off(closure, actor, why="customer")
    return closure


def _call_off(closure: Closure, actor: Actor, *, why: str) -> None:
    closure.state = ClosureState.CALLED_OFF
    closure.ended_at = Now()
    closure.save(update_fields=["state", "ended_at"])
    _tell("called_off", closure, actor, {"why": why})


def close_due_wallets(actor: Actor = ACTOR) -> int:
    """Close every wallet whose wait is over; returns how many. One that is held up is tried again by the next sweep."""
    due = Closure.objects.filter(state=ClosureState.WAITING, closes_at__lte=Now())
    # Those that nothing has held up so far come first, so that nobody waits behind the others.
    ordered = due.order_by("held_up_by", "closes_at").values_list("pk", flat=True)
    return sum(close_one(pk, actor=actor) for pk in ordered[:BATCH])


def close_one(closure_id: int, *, actor: Actor) -> bool:
    """Close one wallet in one transaction. False when it is held up, or stopped and so called off, or was done before.

    Safe beside itself and everything else: what the database refuses, or a deadlock breaks, the next sweep tries again.
    """
    try:
        with recorded(actor):
            closure = (
                Closure.objects.select_for_update(of=("self",)).select_related("user").get(pk=closure_id)
            )
            if closure.state != ClosureState.WAITING:
                return False
            user, wallet = _lock_everything(closure.user_id)
            if policy.restrictions(user.pk):
                # Somebody was worried: then people talk first, and the money stays where it is.
                _call_off(closure, actor, why="stopped")
                return False
            closure.held_up_by = held_up_by(user.pk)
            if closure.held_up_by:
                closure.save(update_fields=["held_up_by"])
                return False
            _close(closure, user, wallet, actor)
    except (Problem, DatabaseError) as error:
        log.warning("closing_not_done_yet", closure_id=closure_id, error=str(error)[:200])
        return False
    return True


def _lock_everything(user_id: int) -> tuple[User, posting.LockedWallet]:
    """Person, codes, charges, wallet: the order of everybody who takes more than one of them.

    Who stops an account takes the person first; a till takes the code and then the wallet, news of a charge the charge
    and then the wallet.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    list(_live_codes(user).order_by("pk").select_for_update(no_key=True))
    list(TopUp.objects.filter(user=user).order_by("pk").select_for_update(of=("self",)).only("pk"))
    return user, posting.lock_wallet(user.pk, currency=settings.CURRENCY)


def _live_codes(user: User) -> QuerySet[OneTimeCode]:
    return OneTimeCode.objects.filter(customer=user, used_at=None, revoked_at=None)


def _close(closure: Closure, user: User, wallet: posting.LockedWallet, actor: Actor) -> None:
    charges = refundable(user.pk)
    plan = plan_for(user.pk, wallet.account_id, wallet.balance, charges)
    closure.journal_id = _take_out(closure, wallet, plan)
    closure.lapsed = plan.lapses_minor
    if closure.journal_id is not None:
        _write_claims(closure, user, plan)
    _end_access(user, actor)
    posting.close_wallet(user.pk, currency=settings.CURRENCY)
    closure.state, closure.ended_at = ClosureState.CLOSED, Now()
    closure.save(update_fields=["state", "ended_at", "journal", "lapsed", "held_up_by"])
    amounts = {
        "to_cards_minor": plan.to_cards_minor,
        "to_desk_minor": plan.to_desk_minor,
        "compensation_minor": plan.compensation_minor,
        "lapsed_minor": plan.lapses_minor,
    }
    _tell("closed", closure, actor, amounts)


def _take_out(closure: Closure, wallet: posting.LockedWallet, plan: Plan) -> int | None:
    """The whole balance leaves in one journal; goodwill goes back to where it came from. None for an empty wallet."""
    if not wallet.balance:
        return None
    legs = {
        wallet.account_id: -wallet.balance,
        posting.own_account(AccountKind.CLAIMS_PAYABLE, other_side=wallet.account_id): plan.claims_minor,
        posting.own_account(AccountKind.GOODWILL, other_side=wallet.account_id): plan.lapses_minor,
    }
    posted = posting.post_legs(
        event_key=f"closing:{closure.public_id}",
        kind=JournalKind.CLOSING,
        legs={account: amount for account, amount in legs.items() if amount},
        reference=str(closure.public_id),
    )
    return posted.journal_id


def _write_claims(closure: Closure, user: User, plan: Plan) -> None:
    shared = {"user": user, "currency": settings.CURRENCY, "journal_id": closure.journal_id}
    for part in plan.to_cards:
        Claim.objects.create(
            **shared,
            amount=part.amount_minor,
            reason=ClaimReason.CLOSED,
            way=ClaimWay.CARD,
            top_up_id=part.top_up_id,
        )
    for amount, reason in (
        (plan.to_desk_minor, ClaimReason.CLOSED),
        (plan.compensation_minor, ClaimReason.COMPENSATION),
    ):
        if amount:
            Claim.objects.create(**shared, amount=amount, reason=reason, way=ClaimWay.DESK)


def _end_access(user: User, actor: Actor) -> None:
    """Nobody is signed in, no app goes on, no code pays, no card can be charged, nobody waits for money."""
    _live_codes(user).update(revoked_at=Now())
    AutoTopUp.objects.filter(user=user, is_on=True).update(is_on=False, off_because=AutoTopUp.OffBecause.CARD)
    asked = MoneyRequest.objects.filter(state=RequestState.OPEN)
    asked.filter(requester=user).update(state=RequestState.CANCELLED, closed_at=Now())
    asked.filter(payer=user).update(state=RequestState.DECLINED, closed_at=Now())
    for card in Card.objects.filter(user=user, state=CardState.LIVE):
        write_removal(card, why="wallet_closed", actor=actor)
    ContactChange.objects.filter(user=user).delete()
    write_ends(user, why="account_closed")
    write_device_revocations(user, why="account_closed")
    # A trigger writes the change down and tells every address.
    user.is_active = False
    user.save(update_fields=["is_active"])


def forget_closed_customers(actor: Actor = ACTOR) -> int:
    """Forget what need not be kept of customers whose wallet closed 30 days ago: until then old addresses are told."""
    due = Closure.objects.filter(
        state=ClosureState.CLOSED, forgotten_at=None, ended_at__lte=Now() - FORGOTTEN_AFTER
    ).select_related("user")
    forgotten = 0
    for closure in due.order_by("ended_at")[:BATCH]:
        with recorded(actor):
            write_forgotten(closure.user)
            DataExport.objects.filter(user=closure.user).delete()
            TopUp.objects.filter(user=closure.user).update(network=None, device="")
            forgotten += Closure.objects.filter(pk=closure.pk, forgotten_at=None).update(forgotten_at=Now())
            record("payments:closure:forgotten", actor=actor, subject=closure, user_id=closure.user_id)
    return forgotten


def _tell(what: str, closure: Closure, actor: Actor, data: Mapping[str, object]) -> None:
    owe(
        f"payments:closure:{what}",
        key=f"closure-{what}:{closure.public_id}",
        payload={"closure_id": closure.pk, "network": actor.network, "device": actor.device, **data},
        user_id=closure.user_id,
        priority="security",
    )
    record(f"payments:closure:{what}", actor=actor, subject=closure, user_id=closure.user_id, data=dict(data))
