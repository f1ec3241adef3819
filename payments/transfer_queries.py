"""Reading payees, transfers and requests, always through their owner: somebody else's id answers like none at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts import policy
from accounts.models import User
from payments import own_limits, send_limits
from payments.days import day_begins, month_begins
from payments.errors import PayeeNotFound, RequestNotFound, TransferNotFound
from payments.models import (
    Findability,
    MoneyRequest,
    OwnLimit,
    Payee,
    RequestState,
    SendingWindow,
    Transfer,
)
from payments.send_limits import Facts, Rules

PAYEES_SHOWN = 12
REQUESTS_SHOWN = 20


def findability_of(user_id: int) -> Findability:
    """By what this customer may be found: by nothing until they say otherwise."""
    return Findability.objects.filter(user_id=user_id).first() or Findability(user_id=user_id)


def find_by(user: User, *, email: str = "", phone: str = "") -> User | None:
    """The one customer who allows being found by exactly this; None for nobody, oneself, staff and closed accounts.

    One query of one shape, whatever there is to find. Two with one number are none: it must be certain who gets money.
    """
    wanted = (
        Q(email=email, findability__by_email=True)
        if email
        else Q(phone=phone or "-", findability__by_phone=True)
    )
    found = list(User.objects.filter(wanted, kind=User.Kind.CUSTOMER, is_active=True).exclude(pk=user.pk)[:2])
    return found[0] if len(found) == 1 else None


def payees_of(user_id: int) -> QuerySet[Payee]:
    """Everybody this customer can pay, with the person, and `paid_at` of the newest transfer to them."""
    newest = Transfer.objects.filter(sender=OuterRef("owner"), recipient=OuterRef("person")).order_by(
        "-made_at"
    )
    return (
        Payee.objects.filter(owner_id=user_id, person__is_active=True)
        .select_related("person")
        .annotate(paid_at=Subquery(newest.values("made_at")[:1]))
    )


def recent_payees(user_id: int, *, limit: int = PAYEES_SHOWN) -> list[Payee]:
    """Those paid lately first, then those found lately."""
    newest = F("paid_at").desc(nulls_last=True)
    return list(payees_of(user_id).order_by(newest, "-found_at")[:limit])


def payee_of(user_id: int, public_id: UUID) -> Payee:
    """One of this customer's payees; raises PayeeNotFound."""
    payee = Payee.objects.filter(owner_id=user_id, public_id=public_id).select_related("person").first()
    if payee is None:
        raise PayeeNotFound
    return payee


def paid_since(sender_id: int, recipient_id: int) -> datetime | None:
    """Since when one has sent money to the other; None: never."""
    first = Transfer.objects.filter(sender_id=sender_id, recipient_id=recipient_id).aggregate(
        at=Min("made_at")
    )
    at: datetime | None = first["at"]
    return at


def transfer_of(user_id: int, public_id: UUID) -> Transfer:
    """A transfer that this customer sent or received; raises TransferNotFound."""
    mine = Q(sender_id=user_id) | Q(recipient_id=user_id)
    found = Transfer.objects.filter(mine, public_id=public_id).select_related("sender", "recipient").first()
    if found is None:
        raise TransferNotFound
    return found


def requests_of(user_id: int) -> QuerySet[MoneyRequest]:
    """Requests that this customer made or got, newest first, with both people."""
    mine = Q(requester_id=user_id) | Q(payer_id=user_id)
    return (
        MoneyRequest.objects.filter(mine).select_related("requester", "payer").order_by("-created_at", "-pk")
    )


def request_of(user_id: int, public_id: UUID) -> MoneyRequest:
    """A request that this customer made or got; raises RequestNotFound."""
    found = requests_of(user_id).filter(public_id=public_id).first()
    if found is None:
        raise RequestNotFound
    return found


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests of one customer by side: what others ask of them, what they ask of others."""

    to_pay: list[MoneyRequest]
    made: list[MoneyRequest]


def open_requests(user_id: int) -> Requests:
    """What is open and not over; one query."""
    found = list(
        requests_of(user_id).filter(state=RequestState.OPEN, expires_at__gt=timezone.now())[:REQUESTS_SHOWN]
    )
    return Requests(
        [one for one in found if one.payer_id == user_id],
        [one for one in found if one.requester_id == user_id],
    )


def rules() -> Rules:
    """The thresholds of the settings."""
    return Rules(
        per_send=settings.SEND_PER_SEND,
        per_day=settings.SEND_PER_DAY,
        per_month=settings.SEND_PER_MONTH,
        new_account_for=timedelta(days=settings.SEND_NEW_ACCOUNT_DAYS),
        new_account_per_day=settings.SEND_NEW_ACCOUNT_PER_DAY,
        cool_off_per_day=settings.SEND_IN_COOL_OFF,
    )


def facts(user: User, wallet_id: int, *, now: datetime) -> Facts:
    """What the limits of sending are judged by. Safe against parallel sends only under the wallet's lock."""
    begins = {
        SendingWindow.Kind.DAY: day_begins(now).date(),
        SendingWindow.Kind.MONTH: month_begins(now).date(),
    }
    windows = Q()
    for kind, first in begins.items():
        windows |= Q(kind=kind, begins=first)
    sent = dict(SendingWindow.objects.filter(windows, wallet_id=wallet_id).values_list("kind", "sent"))
    return Facts(
        now=now,
        account_opened_at=user.created_at,
        sent_today=sent.get(SendingWindow.Kind.DAY, 0),
        sent_this_month=sent.get(SendingWindow.Kind.MONTH, 0),
        cool_off_until=policy.cool_off(user.pk),
        own=own_limits.in_force(user.pk, now=now).get(OwnLimit.Kind.SENDING),
    )


def most(user: User, wallet_id: int) -> int:
    """The most that no limit refuses now; to show."""
    return send_limits.most(facts(user, wallet_id, now=timezone.now()), rules())
