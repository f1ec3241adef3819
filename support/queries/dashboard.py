"""What the desk sees first: cases, approvals, notices that did not leave, what was stopped today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import StuffingWave, Suspension, User
from accounts.stuffing import Figures, figures
from support.models import Approval, Case, ExtraAccess
from support.queries.staff import live_extra_access
from wallet_site.errors import Unavailable
from wallet_site.outbox.models import Delivery, Event

# A security notice is with the mail server within seconds; one that is not after this long is late.
LATE_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue of cases, and how many of them are past their time."""

    queue: Case.Queue
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class NoticeState:
    """Notices by what became of them. Failed and bounced: of the last seven days."""

    owed: int
    late: int
    failed: int
    bounced: int


@dataclass(frozen=True, slots=True)
class SignInState:
    """Tries at passwords within ten minutes; None while they cannot be counted. `wave`: the one that is under way."""

    figures: Figures | None
    wave: StuffingWave | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    queues: Sequence[QueueState]
    approvals: Sequence[Approval]
    notices: NoticeState
    sign_ins: SignInState
    stopped_today: Sequence[Suspension]
    extra: Sequence[ExtraAccess]


def dashboard(staff: User, *, rights: frozenset[str]) -> Dashboard:
    """Everything of the first page, for one member of staff who holds `rights`."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    stopped = Suspension.objects.filter(made_at__gte=today).select_related("user", "made_by")
    return Dashboard(
        queues=queue_states(),
        approvals=list(waiting_approvals().filter(right__in=rights).exclude(made_by=staff)[:20]),
        notices=notice_state(timezone.now()),
        sign_ins=sign_in_state(),
        stopped_today=list(stopped.order_by("-pk")[:20]),
        extra=live_extra_access(),
    )


def sign_in_state() -> SignInState:
    """One query, and the counters; without these the figures are said to be unknown, never zero."""
    try:
        found = figures()
    except Unavailable:
        found = None
    return SignInState(found, StuffingWave.objects.filter(is_over=False).first())


def queue_states() -> list[QueueState]:
    """Every queue, the empty ones too, in one query."""
    counts: dict[str, tuple[int, int]] = {
        queue: (opened, late)
        for queue, opened, late in Case.objects.filter(state=Case.State.OPEN)
        .values_list("queue")
        .annotate(open=Count("pk"), late=Count("pk", filter=Q(due_at__lt=timezone.now())))
    }
    return [QueueState(queue, *counts.get(queue.value, (0, 0))) for queue in Case.Queue]


def waiting_approvals() -> QuerySet[Approval]:
    """What waits for somebody, the one that expires first on top."""
    return (
        Approval.objects.filter(state=Approval.State.WAITING, expires_at__gt=timezone.now())
        .select_related("customer", "made_by")
        .order_by("expires_at")
    )


def notice_state(now: datetime) -> NoticeState:
    """Owed and late now, failed and bounced within a week. An event without deliveries yet counts as one owed."""
    queued = Q(state=Delivery.State.QUEUED)
    week = Q(event__created_at__gt=now - timedelta(days=7))
    late = Q(event__created_at__lt=now - LATE_AFTER)
    found = Delivery.objects.filter(queued | Q(state__in=["failed", "bounced"]) & week).aggregate(
        owed=Count("pk", filter=queued),
        late=Count("pk", filter=queued & late),
        failed=Count("pk", filter=Q(state=Delivery.State.FAILED)),
        bounced=Count("pk", filter=Q(state=Delivery.State.BOUNCED)),
    )
    waiting = Event.objects.filter(expanded_at=None).aggregate(
        owed=Count("pk"), late=Count("pk", filter=Q(created_at__lt=now - LATE_AFTER))
    )
    return NoticeState(
        owed=found["owed"] + waiting["owed"],
        late=found["late"] + waiting["late"],
        failed=found["failed"],
        bounced=found["bounced"],
    )


def open_cases(queue: str = "", *, staff: User | None = None) -> QuerySet[Case]:
    """Open cases, the one that is due first on top; of one queue, or of one owner."""
    cases = Case.objects.filter(state=Case.State.OPEN).select_related("customer", "owner", "undo__change")
    if queue:
        cases = cases.filter(queue=queue)
    if staff is not None:
        cases = cases.filter(owner=staff)
    return cases.order_by("due_at", "pk")
