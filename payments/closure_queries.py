"""Reading closings, claims and copies of one's data, through their owner, and what closing would mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from payments import payouts, posting
from payments.card_queries import live_cards
from payments.models import (
    AccountKind,
    Card,
    CardLinking,
    CardState,
    Claim,
    ClaimState,
    Closure,
    ClosureState,
    DataExport,
    Entry,
    Hold,
    HoldState,
    JournalKind,
    LinkingState,
    TopUp,
    TopUpState,
)
from payments.models.top_ups import OPEN_STATES
from payments.queries import wallet_of

# What the database lets a wish to close wait (migration 0081); pages and notices say it.
WAIT = timedelta(days=7)
HeldUp = Literal["", "payments", "top_ups", "linkings"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What closing means for one wallet as it is now. Amounts are minor units."""

    balance_minor: int
    held_minor: int
    plan: payouts.Plan
    # Card and amount of each refund, newest charge first.
    refunds: list[tuple[Card, int]]
    cards: list[Card]
    disputes: int
    top_ups_open: int


def waiting_closure(user: User) -> Closure | None:
    """The wish to close that waits, or None."""
    return Closure.objects.filter(user=user, state=ClosureState.WAITING).first()


def export_of(user: User) -> DataExport | None:
    """The copy of their data that somebody asked for, without its content; None when there is none that is not over."""
    return DataExport.objects.filter(user=user, expires_at__gt=timezone.now()).defer("archive").first()


def claims_of(user_id: int) -> QuerySet[Claim]:
    """All that is or was owed to somebody outside of a wallet, newest first."""
    return Claim.objects.filter(user_id=user_id).select_related("top_up__card").order_by("-pk")


def owed_claims(user_id: int) -> QuerySet[Claim]:
    """What of it is not paid yet."""
    return claims_of(user_id).filter(state=ClaimState.OWED)


def outlook(user: User) -> Outlook:
    """What would happen if the wallet were closed now; the same number of queries for every wallet."""
    wallet = wallet_of(user.pk)
    charges = refundable(user.pk)
    found = plan_for(user.pk, wallet.pk, wallet.balance, charges)
    cards = {charge.pk: charge.card for charge in charges}
    states = TopUp.objects.filter(user=user).aggregate(
        disputes=_count(state=TopUpState.DISPUTED), open=_count(state__in=OPEN_STATES)
    )
    return Outlook(
        balance_minor=wallet.balance,
        held_minor=wallet.held,
        plan=found,
        refunds=[(cards[part.top_up_id], part.amount_minor) for part in found.to_cards],
        cards=list(live_cards(user)),
        disputes=states["disputes"],
        top_ups_open=states["open"],
    )


def _count(**which: object) -> Count:
    return Count("pk", filter=Q(**which))


def refundable(user_id: int) -> list[TopUp]:
    """Charges that their processor still refunds, newest first: whole, undisputed, not too old, of no blocked card.

    A card that its customer has removed is fine: what is refunded is the charge.
    """
    since = timezone.now() - settings.CARD_REFUND_WINDOW
    charged = TopUp.objects.filter(user_id=user_id, state=TopUpState.SUCCEEDED, created_at__gt=since)
    charged = charged.exclude(card__state=CardState.BLOCKED).exclude(processor_reference="")
    return list(charged.select_related("card").order_by("-created_at", "-pk"))


def plan_for(user_id: int, wallet_id: int, balance_minor: int, charges: list[TopUp]) -> payouts.Plan:
    """Where a balance goes, by what the books say about it."""
    compensated = Entry.objects.filter(account_id=wallet_id, journal__kind=JournalKind.COMPENSATION)
    left = posting.goodwill_left(wallet_id)
    return payouts.plan(
        balance_minor,
        goodwill_left_minor=left,
        compensated_minor=(compensated.aggregate(sum=Sum("amount"))["sum"] or 0) if left else 0,
        charges=[payouts.Charge(top_up.pk, top_up.amount) for top_up in charges],
    )


def held_up_by(user_id: int) -> HeldUp:
    """What must be over before the wallet can close: money that may still go out or come in, a card under way."""
    wallet = Q(account__owner_id=user_id, account__kind=AccountKind.WALLET)
    if Hold.objects.filter(wallet, state=HoldState.OPEN).exists():
        return "payments"
    if TopUp.objects.filter(user_id=user_id, state__in=OPEN_STATES).exists():
        return "top_ups"
    unfinished = CardLinking.objects.filter(user_id=user_id)
    if unfinished.filter(state__in=[LinkingState.STARTED, LinkingState.AUTHENTICATED]).exists():
        return "linkings"
    return ""
