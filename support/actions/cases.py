"""Opening, taking and closing cases; notes."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from support import policy
from support.errors import CaseClosed
from support.models import Case, Note
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded

# How long the desk has. The clock of an undone change (4 hours) is set by its trigger.
DUE = {
    Case.Queue.APPEAL: timedelta(days=2),
    Case.Queue.BOUNCED_NOTICE: timedelta(days=1),
    Case.Queue.TOP_UP_DISPUTE: timedelta(days=1),
    Case.Queue.RISK: timedelta(hours=4),
    Case.Queue.CLAIM: timedelta(days=3),
    Case.Queue.PAYMENT_REPORT: timedelta(hours=4),
    Case.Queue.SETTLEMENT: timedelta(days=1),
    Case.Queue.WEBHOOK: timedelta(days=1),
    Case.Queue.OTHER: timedelta(days=3),
}


def open_case(customer: User, *, queue: Case.Queue, subject: str, text: str, actor: Actor) -> Case:
    """A new case about a customer, owned by who opens it."""
    staff = policy.require(actor, "work_cases")
    with recorded(actor):
        case = Case.objects.create(
            customer=customer,
            queue=queue,
            subject=subject,
            text=text,
            owner=staff,
            opened_by=staff,
            due_at=timezone.now() + DUE[queue],
        )
        record("support:case:opened", actor=actor, subject=case, user_id=customer.pk, data={"queue": queue})
    return case


def appeal(customer: User, *, text: str, actor: Actor) -> Case:
    """A suspended customer's own words. One open appeal at a time: a further one is added to it as a note."""
    with recorded(actor):
        # The person's row orders two forms sent at once.
        User.objects.select_for_update(no_key=True).get(pk=customer.pk)
        case = Case.objects.filter(customer=customer, queue=Case.Queue.APPEAL, state=Case.State.OPEN).first()
        if case is None:
            case = Case.objects.create(
                customer=customer,
                queue=Case.Queue.APPEAL,
                subject=_("Appeal against a suspension"),
                text=text,
                due_at=timezone.now() + DUE[Case.Queue.APPEAL],
            )
            record("support:case:appealed", actor=actor, subject=case, user_id=customer.pk)
        elif text not in case.text:
            Case.objects.filter(pk=case.pk).update(text=f"{case.text}\n\n{text}"[:10_000])
            record("support:case:added_to", actor=actor, subject=case, user_id=customer.pk)
    return case


def take_case(case: Case, *, actor: Actor) -> None:
    """Make an open case one's own; taking it from somebody else is allowed and seen in the timeline."""
    staff = policy.require(actor, "work_cases")
    with recorded(actor):
        if not Case.objects.filter(pk=case.pk, state=Case.State.OPEN).update(owner=staff):
            raise CaseClosed
        record("support:case:taken", actor=actor, subject=case, user_id=case.customer_id)


def close_case(case: Case, *, reason: str, actor: Actor) -> None:
    """Close an open case. Raises `CaseClosed` when somebody was faster."""
    staff = policy.require(actor, "work_cases")
    with recorded(actor):
        closed = Case.objects.filter(pk=case.pk, state=Case.State.OPEN).update(
            state=Case.State.CLOSED, closed_by=staff, closed_at=Now(), close_reason=reason
        )
        if not closed:
            raise CaseClosed
        record(
            "support:case:closed",
            actor=actor,
            subject=case,
            user_id=case.customer_id,
            data={"reason": reason},
        )


def add_note(customer: User, *, text: str, actor: Actor) -> Note:
    """Write something down for the next one at the desk. The customer never sees it."""
    staff = policy.require(actor, "work_cases")
    with recorded(actor):
        note = Note.objects.create(customer=customer, text=text, made_by=staff)
        record("support:note:made", actor=actor, subject=note, user_id=customer.pk)
    return note
