"""The words of the activity: an entry of the books as a customer reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from payments.days import TOKYO
from payments.models import Dispute, Entry, Journal, JournalKind, Payment, TopUp, Transfer
from payments.person_names import masked_name

_ICONS: dict[str, str] = {
    JournalKind.TOP_UP: "plus",
    JournalKind.TOP_UP_REVERSAL: "undo",
    JournalKind.PAYMENT: "store",
    JournalKind.REFUND: "undo",
    JournalKind.SEND: "send",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, ready to be shown. `amount_minor` is signed; `kind` colours the picture."""

    journal_id: int
    title: str
    what: str
    meta: str
    icon: str
    kind: str
    amount_minor: int
    balance_after: int
    occurred_at: datetime
    event_key: str
    payment: Payment | None
    top_up: TopUp | None
    dispute: Dispute | None = None
    transfer: Transfer | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """The lines of one day in Tokyo. `continues`: its heading stands already above."""

    day: date
    label: str
    lines: Sequence[Line]
    continues: bool = False


def line_of(entry: Entry) -> Line:
    """An entry with its journal, payment, refund or top-up loaded; asks the database for nothing."""
    journal = entry.journal
    payment, dispute = _payment_of(journal), _dispute_of(journal)
    top_up = dispute.top_up if dispute is not None else _top_up_of(journal)
    what = _what(journal, dispute)
    title = what
    transfer: Transfer | None = getattr(journal, "transfer", None)
    about = _card_of(top_up) if top_up is not None else ""
    if payment is not None:
        title, about = payment.store.full_name, what
    elif transfer is not None:
        what = pgettext("money", "Sent") if entry.amount < 0 else pgettext("money", "Received")
        title = masked_name((transfer.recipient if entry.amount < 0 else transfer.sender).full_name)
        about = " · ".join(part for part in (what, transfer.message) if part)
    elif top_up is not None and top_up.automatic:
        about = _("Automatic, %(card)s") % {"card": about}
    clock = time_format(journal.occurred_at.astimezone(TOKYO), "H:i")
    return Line(
        journal_id=journal.pk,
        title=title,
        what=what,
        meta=" · ".join(part for part in (about, clock) if part),
        icon=_ICONS.get(journal.kind, "yen"),
        kind="in" if entry.amount > 0 else "",
        amount_minor=entry.amount,
        balance_after=entry.balance_after,
        occurred_at=journal.occurred_at,
        event_key=journal.event_key,
        payment=payment,
        top_up=top_up,
        dispute=dispute,
        transfer=transfer,
    )


def _what(journal: Journal, dispute: Dispute | None) -> str:
    if dispute is None:
        return str(journal.get_kind_display())
    if journal.pk == dispute.opening_id:
        return _("Top-up charged back by the bank")
    return _("Charged-back top-up given back")


def _dispute_of(journal: Journal) -> Dispute | None:
    opened: Dispute | None = getattr(journal, "opened_dispute", None)
    return opened or getattr(journal, "closed_dispute", None)


def _payment_of(journal: Journal) -> Payment | None:
    payment: Payment | None = getattr(journal, "payment", None)
    refund = getattr(journal, "refund", None)
    return payment or (refund.payment if refund is not None else None)


def _top_up_of(journal: Journal) -> TopUp | None:
    top_up: TopUp | None = getattr(journal, "top_up", None)
    return top_up or getattr(journal, "reversed_top_up", None)


def _card_of(top_up: TopUp) -> str:
    return f"{top_up.card.brand_name} •••• {top_up.card.last_four}"


def by_day(
    entries: Iterable[Entry], *, shown_day: date | None = None, now: datetime | None = None
) -> list[Day]:
    """Lines under the heading of their day; `shown_day` is the last day of the page before."""
    today = (now or timezone.now()).astimezone(TOKYO).date()
    days = groupby(
        (line_of(entry) for entry in entries), key=lambda line: line.occurred_at.astimezone(TOKYO).date()
    )
    return [Day(day, _day_label(day, today), list(lines), continues=day == shown_day) for day, lines in days]


def _day_label(day: date, today: date) -> str:
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    shown = date_format(day, "MONTH_DAY_FORMAT" if day.year == today.year else "DATE_FORMAT")
    return _("%(weekday)s, %(day)s") % {"weekday": date_format(day, "D"), "day": shown}
