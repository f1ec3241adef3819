"""Finance and the settlement files: what one person may explain, what two book, and who sees it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError
from django.utils import timezone

from payments.actions.differences import write_booking
from payments.actions.settlement_files import bounds, import_settlement
from payments.days import TOKYO
from payments.errors import DifferenceResolved
from payments.models import SettlementDifference
from payments.processors.base import LineKind, SettlementEntry
from support.actions import approvals
from support.actions.settlement_files import ask_to_book, explain, fetch_file
from support.errors import OwnRequest, RoleMissing
from support.models import Approval, Case
from support.roles import RIGHTS, ROLES
from tests.payments.charged import FileProcessor, charged, total
from tests.payments.topping import SWEEP, books_balance
from tests.people import Person, make_customer, make_staff, signed_in_client
from tests.support.desk import supervisor
from wallet_site.transactions import recorded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement(40),
    pytest.mark.money(19),
    # A worker would take what is hurried along to a processor of its own.
    pytest.mark.usefixtures("no_worker"),
]


def finance(name: str = "jun") -> Person:
    return make_staff(name, groups=["finance"])


def extra(amount: int = 1_000, **other: str) -> SettlementDifference:
    """A line of a file that fits no charge, as the night finds it."""
    reference = f"pi_{secrets.token_hex(12)}"
    entry = SettlementEntry(
        f"txn_{secrets.token_hex(8)}", LineKind.CHARGE, reference, amount, 0, other.get("currency", "JPY"),
        datetime.now(UTC),
    )  # fmt: skip
    day = timezone.now().astimezone(TOKYO).date() - timedelta(days=1)
    import_settlement(FileProcessor(entries=[entry]), day, actor=SWEEP)
    return SettlementDifference.objects.get(reference=reference)


def page_of(difference: SettlementDifference) -> str:
    return f"/admin/differences/{difference.public_id}/"


def booked(difference: SettlementDifference) -> SettlementDifference:
    asked = ask_to_book(difference, reason="looked into", actor=finance().actor)
    approvals.approve(asked, reason="agreed", actor=supervisor().actor)
    difference.refresh_from_db()
    return difference


def test_an_explanation_posts_nothing_and_is_given_once() -> None:
    difference, jun = extra(), finance()
    suspense = total("suspense")
    explain(difference, reason="a test charge of theirs", actor=jun.actor)
    difference.refresh_from_db()
    assert (difference.resolution, difference.resolved_by_id, difference.journal_id) == (
        "explained",
        jun.user.pk,
        None,
    )
    assert total("suspense") == suspense
    for again in (explain, ask_to_book):
        with pytest.raises(DifferenceResolved):
            again(difference, reason="x", actor=jun.actor)


@pytest.mark.parametrize("amount", [1_000, -700])
def test_a_booking_takes_two_and_moves_settlement_against_suspense_once(amount: int) -> None:
    difference, jun = extra(amount), finance()
    suspense, settlement = total("suspense"), total("processor_settlement")
    asked = ask_to_book(difference, reason="looked into", actor=jun.actor)
    with pytest.raises(OwnRequest):
        approvals.approve(asked, reason="mine", actor=jun.actor)
    assert total("suspense") == suspense
    approvals.approve(asked, reason="agreed", actor=supervisor().actor)
    assert (total("suspense"), total("processor_settlement")) == (suspense + amount, settlement - amount)
    difference.refresh_from_db()
    assert (difference.resolution, difference.journal_id is not None) == ("booked", True)
    assert books_balance()
    with pytest.raises(DifferenceResolved):
        ask_to_book(difference, reason="again", actor=jun.actor)


def test_a_missing_line_that_comes_late_undoes_its_booking_and_books_nothing_twice() -> None:
    one, other = (charged(make_customer("aya"), processor="stripe") for _ in range(2))
    file = extra().file
    unbooked, was_booked = (
        SettlementDifference.objects.create(
            file=file, kind="missing", processor="stripe", movement="charge", reference=made.processor_reference,
            top_up=made, expected=3_000, expected_currency="JPY",
        )
        for made in (one, other)
    )  # fmt: skip
    suspense = total("suspense")
    booked(was_booked)
    assert total("suspense") == suspense - 3_000
    waiting = ask_to_book(unbooked, reason="gone", actor=finance().actor)
    day = timezone.now().astimezone(TOKYO).date()
    entries = [
        SettlementEntry(secrets.token_hex(8), LineKind.CHARGE, ref, 3_000, 0, "JPY", datetime.now(UTC))
        for ref in (one.processor_reference, other.processor_reference)
    ]
    with time_machine.travel(bounds(day)[1] + timedelta(hours=2), tick=True):
        import_settlement(FileProcessor("stripe", entries), day, actor=SWEEP)
    late, late_of_booked = (
        SettlementDifference.objects.get(reference=made.processor_reference, kind="late")
        for made in (one, other)
    )
    with pytest.raises(DifferenceResolved):
        approvals.approve(waiting, reason="agreed", actor=supervisor().actor)
    with pytest.raises(DifferenceResolved):
        ask_to_book(late, reason="nothing was booked", actor=finance().actor)
    booked(late_of_booked)
    assert total("suspense") == suspense


def test_another_currency_is_explained_never_booked() -> None:
    difference = extra(currency="THB")
    with pytest.raises(DifferenceResolved):
        ask_to_book(difference, reason="x", actor=finance().actor)
    page = signed_in_client(finance("kai")).get(page_of(difference)).content.decode()
    assert "+1,000 THB" in page and 'value="book"' not in page


def test_no_hand_books_without_an_approval() -> None:
    difference, jun = extra(), finance()
    suspense = total("suspense")
    with pytest.raises(DatabaseError, match="no approval"), recorded(jun.actor):
        write_booking(difference.pk, amount_minor=1_000, reason="x", actor=jun.actor)
    assert total("suspense") == suspense
    ask_to_book(difference, reason="x", actor=jun.actor)
    with pytest.raises(DatabaseError, match="no approval"), recorded(jun.actor):
        write_booking(difference.pk, amount_minor=1_000, reason="x", actor=jun.actor)
    with pytest.raises(DifferenceResolved), recorded(jun.actor):
        write_booking(difference.pk, amount_minor=999, reason="x", actor=jun.actor)
    assert total("suspense") == suspense


@pytest.mark.requirement(39)
def test_every_role_sees_explains_and_books_as_the_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    processor = FileProcessor()
    monkeypatch.setattr("support.actions.settlement_files.current_processor", lambda: processor)
    yesterday = timezone.now().astimezone(TOKYO).date() - timedelta(days=1)
    for role in ROLES:
        difference, who = extra(), make_staff("ren", groups=[role])
        sees, works, decides = (
            role in RIGHTS[right].roles  # type: ignore[index]
            for right in ("see_settlement", "reconcile", "approve_booking")
        )
        browser = signed_in_client(who)
        paths = ("/admin/settlement-files/", f"/admin/settlement-files/{difference.file.public_id}/",
                 "/admin/differences/", "/admin/differences/?all", page_of(difference))  # fmt: skip
        assert {browser.get(path).status_code for path in paths} == {200 if sees else 403}
        assert ("/admin/settlement-files/" in browser.get("/admin/").content.decode()) == sees
        fetched = browser.post("/admin/settlement-files/", {"day": yesterday.isoformat()})
        assert fetched.status_code == (302 if works else 403)
        assert browser.post(page_of(difference), {"do": "book", "reason": "x"}).status_code == (
            302 if works else 403
        )
        asked = Approval.objects.filter(kind="book_difference", subject_id=difference.pk).first()
        assert bool(asked) == works
        asked = asked or ask_to_book(difference, reason="x", actor=finance().actor)
        decider = make_staff("yui", groups=[role])
        if decides:
            approvals.approve(asked, reason="y", actor=decider.actor)
        else:
            with pytest.raises(RoleMissing):
                approvals.approve(asked, reason="y", actor=decider.actor)
        difference.refresh_from_db()
        assert difference.resolution == ("booked" if decides else "")
        if not works:
            with pytest.raises(RoleMissing):
                explain(extra(), reason="x", actor=who.actor)
            with pytest.raises(RoleMissing):
                fetch_file(yesterday, actor=who.actor)


def test_pages_ask_the_same_for_one_and_for_many_and_the_case_leads_there(
    django_assert_max_num_queries: object,
) -> None:
    browser, difference = signed_in_client(finance()), extra()
    paths = (f"/admin/settlement-files/{difference.file.public_id}/", page_of(difference), "/admin/differences/?all",
             "/admin/settlement-files/")  # fmt: skip
    browser.get(paths[0])

    def queries() -> list[int]:
        counts = []
        for path in paths:
            with django_assert_max_num_queries(12) as counted:  # type: ignore[operator]
                assert browser.get(path).status_code == 200
            counts.append(len(counted))
        return counts

    few = queries()
    for _ in range(4):
        extra()
    assert queries() == few
    case = Case.objects.get(text=f"payments:settlement:extra {difference.pk}")
    shown = browser.get(f"/admin/cases/{case.public_id}/").content.decode()
    assert page_of(difference) in shown
    assert browser.get("/admin/cases/?queue=settlement").status_code == 200
    refused = browser.post(page_of(difference), {"do": "explain", "reason": ""})
    assert refused.status_code == 422
    future = browser.post("/admin/settlement-files/", {"day": "2099-01-01"})
    assert future.status_code == 422
