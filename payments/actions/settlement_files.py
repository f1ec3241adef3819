"""Taking a processor's settlement file and comparing it with the books. The same file twice is one; a rerun finds
nothing that was found before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

import structlog
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from payments import reconciliation_queries as books
from payments.days import TOKYO
from payments.models import SettlementDifference, SettlementFile, SettlementLine
from payments.processors.base import Processor, SettlementEntry
from payments.reconciliation import Finding, compare
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.errors import FieldError, InvalidInput
from wallet_site.transactions import recorded

log = structlog.get_logger(__name__)

# A movement around midnight may be in the books a little before it is in a file: the next file has to hold it.
GRACE = timedelta(hours=1)
# How far back days are caught up on that a dead worker or processor has left out.
MOST_DAYS = 14
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A file with how many differences were new; `repeated` when it had been taken before."""

    file: SettlementFile
    new_differences: int
    repeated: bool


def import_settlement(processor: Processor, day: date, *, actor: Actor) -> Reconciled:
    """Fetch the file of one day in Tokyo, keep it and compare it, in one transaction after the fetching.

    Raises `InvalidInput` for a day that is not over, and `ProcessorError` when there is no whole file; nothing is kept.
    """
    begins, ends = bounds(day)
    if ends > timezone.now():
        raise InvalidInput(errors=[FieldError("/day", _("Choose a day that is over."), "invalid")])
    entries = processor.settlement_entries(begins, ends)
    with recorded(actor):
        _one_at_a_time(processor.name)
        file, is_new = _keep(processor.name, day, entries)
        if is_new:
            record(
                "payments:settlement:imported",
                actor=actor,
                subject=file,
                data={"processor": processor.name, "day": day.isoformat(), "lines": len(entries)},
            )
        found = _write_differences(file, actor)
    return Reconciled(file, found, repeated=not is_new)


def reconcile(file: SettlementFile, *, actor: Actor) -> int:
    """Compare a kept file once more; returns how many differences are new, which is none unless the books moved."""
    with recorded(actor):
        _one_at_a_time(file.processor)
        return _write_differences(file, actor)


def import_due(processor: Processor, *, actor: Actor) -> int:
    """Take the files of every day that is over and was not taken, oldest first; returns how many days that were."""
    yesterday = timezone.now().astimezone(TOKYO).date() - timedelta(days=1)
    taken = (
        SettlementFile.objects.filter(processor=processor.name).order_by("-day").values_list("day", flat=True)
    )
    newest = taken.first()
    first = max(newest + timedelta(days=1), yesterday - timedelta(days=MOST_DAYS)) if newest else yesterday
    days = [first + timedelta(days=number) for number in range((yesterday - first).days + 1)]
    for day in days:
        import_settlement(processor, day, actor=actor)
    return len(days)


def bounds(day: date) -> tuple[datetime, datetime]:
    """When a day begins and ends in Tokyo."""
    begins = datetime.combine(day, time(), TOKYO)
    return begins, begins + timedelta(days=1)


def _one_at_a_time(processor: str) -> None:
    """Two imports at once would each find only what was there before both."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"settlement {processor}"])


def _keep(processor: str, day: date, entries: Sequence[SettlementEntry]) -> tuple[SettlementFile, bool]:
    digest = _digest(processor, day, entries)
    known = SettlementFile.objects.filter(processor=processor, digest=digest).first()
    if known is not None:
        return known, False
    file = SettlementFile.objects.create(processor=processor, day=day, digest=digest, line_count=len(entries))
    SettlementLine.objects.bulk_create(
        [
            SettlementLine(
                file=file,
                number=number,
                processor=processor,
                line_id=entry.line_id,
                kind=entry.kind.value,
                reference=entry.reference,
                amount=entry.amount_minor,
                fee=entry.fee_minor,
                currency=entry.currency,
                occurred_at=entry.occurred_at,
            )
            for number, entry in enumerate(entries, 1)
        ],
        batch_size=BATCH,
    )
    return file, True


def _digest(processor: str, day: date, entries: Sequence[SettlementEntry]) -> bytes:
    lines = [asdict(entry) | {"occurred_at": entry.occurred_at.timestamp()} for entry in entries]
    text = json.dumps([processor, day.isoformat(), lines], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def _write_differences(file: SettlementFile, actor: Actor) -> int:
    lines = list(SettlementLine.objects.filter(file=file).order_by("number"))
    entries = [books.entry_of(line) for line in lines]
    references = {line.reference for line in lines}
    begins, ends = bounds(file.day)
    expected = list(books.movements_between(file.processor, begins - GRACE, ends - GRACE))
    references |= {movement.key.reference for movement in expected}
    findings = compare(
        entries,
        movements=books.movements_about(file.processor, references),
        earlier=books.lines_about(file.processor, references, before_file=file.pk),
        known_missing=books.missing_about(file.processor, references, before_file=file.pk),
        expected=expected,
        begins=begins,
    )
    return sum(_write(file, finding, lines, actor) for finding in findings)


def _write(file: SettlementFile, finding: Finding, lines: Sequence[SettlementLine], actor: Actor) -> bool:
    """Keep a difference unless it is known; its case is opened by a trigger. Returns whether it is new."""
    line = lines[finding.number - 1] if finding.number else None
    movement = finding.movement
    difference, is_new = SettlementDifference.objects.get_or_create(
        processor=file.processor,
        kind=finding.kind,
        movement=finding.key.movement,
        reference=finding.key.reference,
        line=line,
        defaults={
            "file": file,
            "top_up_id": movement.top_up_id if movement else None,
            "expected": movement.amount_minor if movement else None,
            "expected_currency": movement.currency if movement else "",
            "found": line.amount if line else None,
            "found_currency": line.currency if line else "",
        },
    )
    if is_new:
        log.error("settlement_differs", kind=finding.kind.value, reference=finding.key.reference)
        record(
            "payments:settlement:differs",
            actor=actor,
            subject=difference,
            user_id=difference.top_up.user_id if difference.top_up else None,
            data={"kind": finding.kind.value, "expected": difference.expected, "found": difference.found},
        )
    return is_new
