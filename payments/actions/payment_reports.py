"""A customer says "I did not make this payment": the desk gets a case and, if they wish, their money stops at once."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.actions.suspensions import write_suspension
from accounts.models import Suspension, User
from payments import posting
from payments.errors import NotReportable
from payments.models import Entry, JournalKind, PaymentReport
from payments.queries import entry_of
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import NotFound
from wallet_site.transactions import recorded

# What somebody else could have done with a wallet or a card. Money that came back by itself is nobody's doing.
REPORTABLE = (JournalKind.PAYMENT, JournalKind.TOP_UP, JournalKind.SEND)
STOPPED = (Suspension.Scope.SPENDING, Suspension.Scope.SENDING, Suspension.Scope.TOP_UP)


@dataclass(frozen=True, slots=True)
class Reported:
    """A report; `repeated` when the same movement had been reported before."""

    report: PaymentReport
    repeated: bool


def report_payment(user: User, *, journal_id: int, text: str, freeze: bool, actor: Actor) -> Reported:
    """Report a movement of the customer's own wallet as not theirs; a trigger opens the desk's case.

    `freeze` stops paying, sending and topping up before this returns, and only the desk lets them go on. A repeat keeps
    the first report, and can still freeze. Raises `NotFound` for another's movement, `NotReportable` for one that
    nobody made.
    """
    entry = entry_of(user.pk, journal_id)
    if entry is None:
        raise NotFound
    if not is_reportable(entry):
        raise NotReportable
    with recorded(actor):
        # Orders two reports that come at once.
        posting.lock_wallet(user.pk, currency=entry.account.currency)
        report, made = PaymentReport.objects.get_or_create(
            user=user, journal_id=journal_id, defaults={"text": text}
        )
        if made:
            record(
                "payments:payment:reported",
                actor=actor,
                subject=report,
                user_id=user.pk,
                data={"journal_id": journal_id, "amount_minor": entry.amount, "freeze": freeze},
            )
        if freeze:
            _freeze(user, report, actor)
    return Reported(report, repeated=not made)


def is_reportable(entry: Entry) -> bool:
    """Whether a customer can say of it that they did not do it. What they received is no loss of theirs."""
    kind = entry.journal.kind
    return kind in REPORTABLE and (entry.amount < 0 or kind == JournalKind.TOP_UP)


def live_stops(user: User) -> QuerySet[Suspension]:
    """The stops of this kind that hold, so that a repeat makes none anew."""
    return Suspension.objects.filter(
        user=user, lifted_at=None, ends_at=None, channel=Suspension.Channel.CUSTOMER
    )


def _freeze(user: User, report: PaymentReport, actor: Actor) -> None:
    held = set(live_stops(user).values_list("scope", flat=True))
    for scope in STOPPED:
        if scope not in held:
            write_suspension(
                user,
                scope=scope,
                reason_code=Suspension.Reason.CUSTOMER_ASKED,
                reason=f"Transaction {report.journal_id} was reported as not theirs.",
                channel=Suspension.Channel.CUSTOMER,
                actor=actor,
            )
