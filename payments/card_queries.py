"""Reading cards, linkings and top-ups, always through their owner: somebody else's id answers like none at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from accounts import policy
from accounts.models import User
from payments import card_limits, own_limits
from payments.card_limits import Facts, Limit, Rules, Step
from payments.days import TOKYO, day_begins, month_begins
from payments.errors import CardNotFound, LinkingNotFound, TopUpNotFound
from payments.models import Account, AccountKind, Card, CardLinking, CardState, OwnLimit, TopUp, TopUpState
from payments.models.top_ups import OPEN_STATES


def live_cards(user: User) -> QuerySet[Card]:
    """The cards that can be charged, newest first; also those past their date, which their page says."""
    return Card.objects.filter(user=user, state=CardState.LIVE).order_by("-linked_at", "-pk")


def usable_cards(user: User) -> list[Card]:
    """The live cards that are not past their date, newest first."""
    now = timezone.now()
    return [card for card in live_cards(user) if not is_expired(card, now)]


def card_of(user: User, public_id: UUID) -> Card:
    """A live card of this customer; raises CardNotFound."""
    try:
        return live_cards(user).get(public_id=public_id)
    except Card.DoesNotExist:
        raise CardNotFound from None


def linking_of(user: User, public_id: UUID) -> CardLinking:
    """A linking of this customer; raises LinkingNotFound."""
    try:
        return CardLinking.objects.select_related("card").get(user=user, public_id=public_id)
    except CardLinking.DoesNotExist:
        raise LinkingNotFound from None


def top_ups_of(user: User) -> QuerySet[TopUp]:
    """A customer's top-ups with their cards, newest first."""
    return TopUp.objects.filter(user=user).select_related("card").order_by("-created_at", "-pk")


def top_up_of(user: User, public_id: UUID) -> TopUp:
    """A top-up of this customer; raises TopUpNotFound."""
    try:
        return TopUp.objects.select_related("card").get(user=user, public_id=public_id)
    except TopUp.DoesNotExist:
        raise TopUpNotFound from None


def is_expired(card: Card, now: datetime) -> bool:
    """Whether the card's last month is over."""
    today = now.astimezone(TOKYO)
    return (card.expiry_year, card.expiry_month) < (today.year, today.month)


def rules() -> Rules:
    """The thresholds of the settings."""
    return Rules(
        minimum=settings.TOP_UP_MINIMUM,
        per_charge=settings.TOP_UP_PER_CHARGE,
        per_day=settings.TOP_UP_PER_DAY,
        per_month=settings.TOP_UP_PER_MONTH,
        wallet_balance=settings.TOP_UP_WALLET_BALANCE,
        account_steps=[Step(timedelta(days=days), cap) for days, cap in settings.TOP_UP_NEW_ACCOUNT],
        card_steps=[Step(timedelta(days=days), cap) for days, cap in settings.TOP_UP_NEW_CARD],
        cool_off_per_day=settings.TOP_UP_IN_COOL_OFF,
    )


def facts(user: User, card: Card, *, balance: int, now: datetime) -> Facts:
    """What the limits of a top-up by this card are judged by.

    Safe against parallel requests only while the wallet's lock is held; without it, good enough to show.
    """
    today = day_begins(now)
    month = month_begins(now)
    mine = TopUp.objects.filter(user=user).exclude(state=TopUpState.FAILED)
    sums = mine.filter(Q(created_at__gte=month) | Q(state__in=OPEN_STATES)).aggregate(
        on_its_way=Sum("amount", filter=Q(state__in=OPEN_STATES), default=0),
        today=Sum("amount", filter=Q(created_at__gte=today), default=0),
        month=Sum("amount", filter=Q(created_at__gte=month), default=0),
        # By what the card is, not by the row: linking it anew buys nothing.
        card_today=Sum(
            "amount", filter=Q(created_at__gte=today, card__fingerprint=card.fingerprint), default=0
        ),
    )
    return Facts(
        now=now,
        balance=balance,
        on_its_way=sums["on_its_way"],
        charged_today=sums["today"],
        charged_this_month=sums["month"],
        card_charged_today=sums["card_today"],
        account_opened_at=user.created_at,
        card_linked_at=card.linked_at,
        cool_off_until=cool_off_until(user),
        own_per_day=own_limits.in_force(user.pk, now=now).get(OwnLimit.Kind.TOP_UP),
    )


def cool_off_until(user: User) -> datetime | None:
    """Until when a credential change keeps new cards away and limits low; None when nothing does."""
    return policy.cool_off(user.pk)


def limits_shown(user: User, card: Card) -> list[Limit]:
    """The limits as they stand, to show; nothing is locked."""
    return card_limits.limits(facts(user, card, balance=balance_of(user), now=timezone.now()), rules())


def balance_of(user: User) -> int:
    """The wallet's balance, as it is shown."""
    wallet = Account.objects.filter(owner=user, kind=AccountKind.WALLET, currency=settings.CURRENCY)
    return wallet.values_list("balance", flat=True).get()
