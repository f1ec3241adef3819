"""A settlement file against the books: one typed difference each, each a case; the same again changes nothing."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from payments.actions.settlement_files import bounds, import_due, import_settlement, reconcile
from payments.days import TOKYO
from payments.models import SettlementDifference, SettlementFile, SettlementLine, TopUp
from payments.processors.base import LineKind, ProcessorError, SettlementEntry
from payments.reconciliation_queries import entry_of
from payments.tasks import prove_books, reconcile_settlements
from payments.verification import BooksUnsound, Fault, Soundness
from support.models import Case
from tests.payments.charged import FileProcessor, charged, dispute_event, hear
from tests.payments.topping import SWEEP
from tests.people import Person, make_customer
from wallet_site.errors import InvalidInput

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.money(19),
    # A worker would take what is hurried along to a processor of its own.
    pytest.mark.usefixtures("no_worker"),
]

# The books say when something was posted by the database's clock: its day is over from tomorrow on.
TOMORROW = timedelta(days=1)
STRIPE = "stripe"


def today() -> date:
    return timezone.now().astimezone(TOKYO).date()


def line(
    top_up: TopUp, kind: LineKind = LineKind.CHARGE, amount: int = 3_000, **other: object
) -> SettlementEntry:
    made = SettlementEntry(
        line_id=f"txn_{secrets.token_hex(8)}",
        kind=kind,
        reference=top_up.processor_reference,
        amount_minor=amount,
        fee_minor=0,
        currency="JPY",
        occurred_at=datetime.now(UTC),
    )
    return replace(made, **other)  # type: ignore[arg-type]


@pytest.fixture
def aya() -> Person:
    return make_customer("aya")


def take(*entries: SettlementEntry, about: Person, day: date | None = None) -> list[tuple[str, int | None]]:
    """Import a file of these lines and one of its own; returns the new differences as (kind, which of the lines).

    Cards are of known processors only, and other tests' charges of the day are in no file of ours: those are left out.
    """
    own = set(TopUp.objects.filter(user=about.user).values_list("processor_reference", flat=True))
    own |= {entry.reference for entry in entries}
    known = set(SettlementDifference.objects.filter(reference__in=own).values_list("pk", flat=True))
    last = SettlementEntry(secrets.token_hex(8), LineKind.PAYOUT, "", -1, 0, "JPY", datetime.now(UTC))
    chosen = day or today()
    with time_machine.travel(bounds(chosen)[1] + timedelta(hours=2), tick=True):
        import_settlement(FileProcessor(STRIPE, [*entries, last]), chosen, actor=SWEEP)
    found = SettlementDifference.objects.filter(reference__in=own).exclude(pk__in=known).order_by("pk")
    return [(one.kind, one.line.number if one.line else None) for one in found.select_related("line")]


def test_a_file_that_says_what_the_books_say_fits(aya: Person) -> None:
    paid, lost, won = (charged(aya, processor=STRIPE) for _ in range(3))
    hear(dispute_event(lost), STRIPE)
    for state in ("open", "won"):
        hear(dispute_event(won, state), STRIPE)
    entries = [
        *(line(one) for one in (paid, lost, won)),
        *(line(one, LineKind.DISPUTE, -3_000) for one in (lost, won)),
        line(won, LineKind.DISPUTE_WON),
        line(paid, LineKind.PAYOUT, -9_000, reference="po_1"),
        line(paid, LineKind.FEE, -30, reference="fee_1"),
    ]
    assert take(*entries, about=aya) == []
    file = SettlementFile.objects.get(lines__line_id=entries[0].line_id)
    assert (file.line_count, file.lines.count()) == (9, 9)


def test_each_difference_is_found_once_with_its_type_and_its_case(aya: Person) -> None:
    fits, missing, double, less, dollars = (charged(aya, processor=STRIPE) for _ in range(5))
    stranger = line(fits, reference="pi_of_a_stranger")
    twice = line(double)
    entries = [
        line(fits),
        stranger,
        twice,
        twice,
        line(less, amount=2_999),
        line(dollars, currency="USD"),
        line(fits, LineKind.OTHER, 7),
    ]
    own = {entry.reference for entry in entries} | {missing.processor_reference}
    found = take(*entries, about=aya)
    expected = [
        ("extra", 2), ("double", 4), ("altered_amount", 5), ("altered_currency", 6), ("extra", 7), ("missing", None),
    ]  # fmt: skip
    # Those of the last hour belong to the next file.
    late_evening = datetime.now(TOKYO).hour == 23
    assert found == (expected[:-1] if late_evening else expected)
    differences = SettlementDifference.objects.filter(
        file__lines__line_id=stranger.line_id, reference__in=own
    )
    for one in differences:
        case = Case.objects.get(queue="settlement", text=f"payments:settlement:{one.kind} {one.pk}")
        assert case.customer_id == (None if one.kind == "extra" else aya.user.pk)
    assert differences.get(kind="altered_amount").expected == 3_000
    assert differences.get(kind="altered_amount").found == 2_999
    assert missing.processor_reference in differences.values_list("reference", flat=True) or late_evening

    # The same file again, and the same comparison again.
    file = SettlementFile.objects.get(lines__line_id=stranger.line_id)
    lines = [entry_of(one) for one in file.lines.order_by("number")]
    with time_machine.travel(bounds(file.day)[1] + timedelta(hours=2), tick=True):
        again = import_settlement(FileProcessor(STRIPE, lines), file.day, actor=SWEEP)
    assert (again.file, again.new_differences, again.repeated) == (file, 0, True)
    assert reconcile(file, actor=SWEEP) == 0
    assert SettlementLine.objects.filter(line_id=stranger.line_id).count() == 1
    assert differences.count() == len(found)


def test_a_late_line_is_told_and_not_taken_for_a_double(aya: Person) -> None:
    made = charged(aya, processor=STRIPE)
    assert take(day=today() + TOMORROW, about=aya) == []
    # Missing in the file of its day; a day later it is there.
    first = take(about=aya)
    if datetime.now(TOKYO).hour < 23:
        assert first == [("missing", None)]
    arrived = line(made, occurred_at=datetime.now(UTC))
    assert take(arrived, day=today() + 2 * TOMORROW, about=aya) == [("late", 1)]
    assert take(line(made), day=today() + 3 * TOMORROW, about=aya) == [("double", 1)]


def test_a_corrected_file_of_the_day_repeats_without_a_difference(aya: Person) -> None:
    one, other = (charged(aya, processor=STRIPE) for _ in range(2))
    same, wrong = line(one), line(other, amount=1)
    assert ("altered_amount", 2) in take(same, wrong, about=aya)
    assert take(same, wrong, about=aya) == []
    assert take(same, replace(wrong, amount_minor=3_000), about=aya) == []


def test_a_day_that_is_not_over_and_a_file_that_is_not_whole_keep_nothing(aya: Person) -> None:
    processor = FileProcessor()
    with pytest.raises(InvalidInput):
        import_settlement(processor, today(), actor=SWEEP)

    def broken(_begins: datetime, _ends: datetime) -> list[SettlementEntry]:
        raise ProcessorError("the second page did not come")

    processor.settlement_entries = broken  # type: ignore[method-assign]
    with pytest.raises(ProcessorError):
        import_settlement(processor, today() - TOMORROW, actor=SWEEP)
    assert not SettlementFile.objects.filter(processor=processor.name).exists()


def test_every_day_that_is_due_is_taken_once() -> None:
    processor = FileProcessor()
    assert import_due(processor, actor=SWEEP) == 1
    assert import_due(processor, actor=SWEEP) == 0
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=True):
        assert import_due(processor, actor=SWEEP) == 3
    days = (
        SettlementFile.objects.filter(processor=processor.name).order_by("day").values_list("day", flat=True)
    )
    assert list(days) == [today() + timedelta(days=number) for number in (-1, 0, 1, 2)]


def test_the_night_takes_the_file_and_calls_people_when_the_books_are_not_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processor = FileProcessor()
    monkeypatch.setattr("payments.tasks.current_processor", lambda: processor)
    assert (reconcile_settlements(), reconcile_settlements()) == (1, 0)
    row = f"account {secrets.token_hex(6)}"
    wrong = Soundness(1, 2, 1, Fault("each balance is the sum of its entries", row, "balance 5, sum 4"))
    monkeypatch.setattr("payments.tasks.verify_books", lambda: wrong)
    for _ in range(2):
        with pytest.raises(BooksUnsound):
            prove_books()
    assert Case.objects.filter(customer=None, text=f"payments:books:unsound {row}").count() == 1


def test_without_a_processor_the_night_has_nothing_to_take(settings: Settings) -> None:
    settings.PROCESSOR = "none"
    assert reconcile_settlements() == 0


def test_no_hand_alters_a_file_or_resolves_a_difference(aya: Person) -> None:
    made = charged(aya, processor=STRIPE)
    assert take(line(made, amount=5), about=aya) == [("altered_amount", 1)]
    difference = SettlementDifference.objects.get(reference=made.processor_reference)
    for sql in (
        f"UPDATE payments_settlementfile SET line_count = 0 WHERE id = {difference.file_id}",
        f"DELETE FROM payments_settlementline WHERE file_id = {difference.file_id}",
        f"UPDATE payments_settlementline SET amount = 3000 WHERE file_id = {difference.file_id}",
        f"UPDATE payments_settlementdifference SET found = 3000 WHERE id = {difference.pk}",
        f"DELETE FROM payments_settlementdifference WHERE id = {difference.pk}",
        f"UPDATE payments_settlementdifference SET resolution = 'explained' WHERE id = {difference.pk}",
        "UPDATE payments_settlementdifference SET resolution = 'booked', resolved_reason = 'x', resolved_at = now(),"
        f" resolved_by_id = {aya.user.pk}, journal_id = (SELECT min(id) FROM payments_journal)"
        f" WHERE id = {difference.pk}",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    difference.refresh_from_db()
    assert difference.is_open
