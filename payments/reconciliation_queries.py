"""The books' side of a settlement file: which movements a processor has to know of, and which lines came before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from django.db.models import Q, QuerySet

from payments.models import (
    Claim,
    ClaimState,
    ClaimWay,
    DifferenceKind,
    Dispute,
    SettlementDifference,
    SettlementLine,
    TopUp,
)
from payments.models.disputes import DisputeState
from payments.models.top_ups import CHARGED_STATES, TopUpState
from payments.processors.base import LineKind, SettlementEntry
from payments.reconciliation import Key, Movement

CHUNK = 1_000


def movements_about(processor: str, references: Collection[str]) -> dict[Key, Movement]:
    """What the books know of these charges: each with its refund, its part of a closed wallet, or its dispute."""
    known: dict[Key, Movement] = {}
    for some in _chunks(references):
        top_ups = _charged(processor).filter(processor_reference__in=some)
        known |= {movement.key: movement for top_up in top_ups for movement in _movements_of(top_up)}
    return known


def movements_between(processor: str, begins: datetime, ends: datetime) -> Iterator[Movement]:
    """Every movement that the books posted from `begins` until before `ends`."""

    def within(journal: str) -> Q:
        return Q(**{f"{journal}__posted_at__gte": begins, f"{journal}__posted_at__lt": ends})

    charged = _charged(processor)
    for top_up in charged.filter(within("journal")).iterator(CHUNK):
        yield _charge(top_up)
    for top_up in charged.filter(within("reversal"), state=TopUpState.REFUNDED).iterator(CHUNK):
        yield _of(top_up, LineKind.REFUND, -top_up.amount)
    claims = Claim.objects.filter(
        within("paid_journal"), top_up__card__processor=processor, state=ClaimState.PAID, way=ClaimWay.CARD
    )
    for claim in claims.select_related("top_up").iterator(CHUNK):
        if claim.top_up is not None:
            yield _of(claim.top_up, LineKind.REFUND, -claim.amount)
    disputes = Dispute.objects.filter(processor=processor).select_related("top_up")
    for dispute in disputes.filter(within("opening")).iterator(CHUNK):
        yield _of(dispute.top_up, LineKind.DISPUTE, -dispute.amount)
    for dispute in disputes.filter(within("closing"), state=DisputeState.WON).iterator(CHUNK):
        yield _of(dispute.top_up, LineKind.DISPUTE_WON, dispute.amount)


def lines_about(
    processor: str, references: Collection[str], *, before_file: int
) -> dict[Key, list[SettlementEntry]]:
    """The lines of earlier files about these charges."""
    found: dict[Key, list[SettlementEntry]] = defaultdict(list)
    for some in _chunks(references):
        lines = SettlementLine.objects.filter(
            processor=processor, reference__in=some, file_id__lt=before_file
        )
        for line in lines:
            found[Key(line.kind, line.reference)].append(entry_of(line))
    return dict(found)


def missing_about(processor: str, references: Collection[str], *, before_file: int) -> set[Key]:
    """What earlier files lacked of these charges."""
    found: set[Key] = set()
    for some in _chunks(references):
        differences = SettlementDifference.objects.filter(
            processor=processor, kind=DifferenceKind.MISSING, reference__in=some, file_id__lt=before_file
        )
        found |= {Key(*pair) for pair in differences.values_list("movement", "reference")}
    return found


def entry_of(line: SettlementLine) -> SettlementEntry:
    """A stored line as the processor gave it."""
    return SettlementEntry(
        line_id=line.line_id,
        kind=LineKind(line.kind),
        reference=line.reference,
        amount_minor=line.amount,
        fee_minor=line.fee,
        currency=line.currency,
        occurred_at=line.occurred_at,
    )


def _charged(processor: str) -> QuerySet[TopUp]:
    charged = TopUp.objects.filter(card__processor=processor, state__in=CHARGED_STATES)
    return charged.select_related("dispute", "claim").order_by("pk")


def _movements_of(top_up: TopUp) -> Iterator[Movement]:
    yield _charge(top_up)
    if top_up.state == TopUpState.REFUNDED:
        yield _of(top_up, LineKind.REFUND, -top_up.amount)
    claim: Claim | None = getattr(top_up, "claim", None)
    if claim is not None and claim.state == ClaimState.PAID and claim.way == ClaimWay.CARD:
        yield _of(top_up, LineKind.REFUND, -claim.amount)
    dispute: Dispute | None = getattr(top_up, "dispute", None)
    if dispute is not None:
        yield _of(top_up, LineKind.DISPUTE, -dispute.amount)
        if dispute.state == DisputeState.WON:
            yield _of(top_up, LineKind.DISPUTE_WON, dispute.amount)


def _charge(top_up: TopUp) -> Movement:
    return _of(top_up, LineKind.CHARGE, top_up.amount)


def _of(top_up: TopUp, kind: LineKind, amount_minor: int) -> Movement:
    return Movement(Key(kind.value, top_up.processor_reference), top_up.pk, amount_minor, top_up.currency)


def _chunks(references: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(set(references) - {""})
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
