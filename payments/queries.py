"""Reading the books and what stores took, always through the owner: another's id finds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from accounts import policy
from accounts.models import User
from payments import limits
from payments.days import TOKYO, day_begins, month_begins
from payments.errors import UnknownAccount
from payments.models import (
    Account,
    AccountKind,
    Closure,
    ClosureState,
    Entry,
    JournalKind,
    OneTimeCode,
    OwnLimit,
    Payment,
    PaymentStatus,
    Terminal,
)

PAGE_SIZE = 25


def wallet_of(user_id: int, currency: str = "JPY") -> Account:
    """The customer's wallet; `UnknownAccount` for somebody without one."""
    return _found(Account.objects.filter(kind=AccountKind.WALLET, owner_id=user_id, currency=currency))


def wallet_to_be_closed(user_id: int, currency: str = "JPY") -> tuple[Account, datetime | None]:
    """`wallet_of`, and when it is to be closed (None: it stays), in the same query."""
    waiting = Closure.objects.filter(user_id=OuterRef("owner_id"), state=ClosureState.WAITING)
    wallet = _found(
        Account.objects.filter(kind=AccountKind.WALLET, owner_id=user_id, currency=currency).annotate(
            closes_at=Subquery(waiting.values("closes_at")[:1])
        )
    )
    closes_at: datetime | None = getattr(wallet, "closes_at", None)
    return wallet, closes_at


def _found(wallets: QuerySet[Account]) -> Account:
    wallet = wallets.first()
    if wallet is None:
        raise UnknownAccount
    return wallet


def described(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """With everything that a line of the activity says, in one query."""
    return entries.select_related(
        "journal__payment__store__merchant",
        "journal__refund__payment__store__merchant",
        "journal__top_up__card",
        "journal__reversed_top_up__card",
        "journal__opened_dispute__top_up__card",
        "journal__closed_dispute__top_up__card",
        "journal__transfer__sender",
        "journal__transfer__recipient",
    )


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries, newest first. `next_before`: the cursor of the page after, None on the last."""

    entries: Sequence[Entry]
    next_before: int | None


def entries_page(wallet_id: int, *, before: int | None = None, size: int = PAGE_SIZE) -> EntryPage:
    """Entries of a wallet below the number `before`: one index range, as fast on the last page as on the first."""
    entries = described(Entry.objects.filter(account_id=wallet_id)).order_by("-account_seq")
    if before is not None:
        entries = entries.filter(account_seq__lt=before)
    found = list(entries[: size + 1])
    more = len(found) > size
    return EntryPage(found[:size], found[size - 1].account_seq if more else None)


def entry_of(user_id: int, journal_id: int) -> Entry | None:
    """The customer's own leg of a journal, or None."""
    entries = Entry.objects.filter(
        journal_id=journal_id, account__owner_id=user_id, account__kind=AccountKind.WALLET
    )
    return described(entries).select_related("account").first()


def spending_by_month(
    wallet_id: int, *, months: int = 6, now: datetime | None = None
) -> list[tuple[datetime, int]]:
    """What left the wallet for payments and to others, less refunds, per month in Tokyo, oldest first."""
    first = month_begins(now or timezone.now())
    starts = [first]
    for _month in range(months - 1):
        starts.append(month_begins(starts[-1] - timedelta(days=1)))
    starts.reverse()
    kinds = [JournalKind.PAYMENT, JournalKind.REFUND, JournalKind.SEND]
    sums = (
        Entry.objects.filter(
            account_id=wallet_id, journal__kind__in=kinds, journal__occurred_at__gte=starts[0]
        )
        .exclude(journal__kind=JournalKind.SEND, amount__gt=0)
        .annotate(month=TruncMonth("journal__occurred_at", tzinfo=TOKYO))
        .values("month")
        .annotate(total=Sum("amount"))
        .values_list("month", "total")
    )
    totals = {month.date(): -int(total) for month, total in sums}
    return [(start, max(0, totals.get(start.date(), 0))) for start in starts]


def spending_facts(user: User, wallet_id: int, *, now: datetime | None = None) -> limits.Facts:
    """What the limits of spending are judged by; good enough to show, the database counts once more under its lock."""
    moment = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT spent FROM payments_spendingday WHERE wallet_id = %s AND day = %s),"
            " payments_own_limit(%s, %s), payments_own_limit(%s, %s)",
            [
                wallet_id,
                day_begins(moment).date(),
                user.pk,
                OwnLimit.Kind.PER_PAYMENT.value,
                user.pk,
                OwnLimit.Kind.PER_DAY.value,
            ],
        )
        spent_today, own_per_payment, own_per_day = cursor.fetchone()
    return limits.Facts(
        now=moment,
        account_opened_at=user.created_at,
        spent_today=spent_today or 0,
        cool_off_until=policy.cool_off(user.pk),
        own_per_payment=own_per_payment,
        own_per_day=own_per_day,
    )


def code_of(user_id: int, code_id: int) -> OneTimeCode | None:
    """A code of this customer, or None."""
    return OneTimeCode.objects.filter(pk=code_id, customer_id=user_id).first()


def payment_by_code(code_id: int) -> Payment | None:
    """The payment that used the code, else the newest that was declined with it, else None."""
    tried = Payment.objects.select_related("store__merchant").filter(code_id=code_id).order_by("-pk")[:20]
    newest = list(tried)
    taken = [payment for payment in newest if payment.status != PaymentStatus.DECLINED]
    return next(iter(taken or newest), None)


def payment_by_reference(terminal: Terminal, reference: str) -> Payment | None:
    """The payment that this terminal asked for under its own reference."""
    return (
        Payment.objects.select_related("store__merchant")
        .filter(terminal=terminal, reference=reference)
        .first()
    )


def payment_of_merchant(merchant_id: int, public_id: UUID) -> Payment | None:
    """A payment taken in any store of the merchant."""
    return (
        Payment.objects.select_related("store__merchant")
        .filter(public_id=public_id, store__merchant_id=merchant_id)
        .first()
    )
