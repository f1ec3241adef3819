"""The timeline: everything once, in order, masked, by few queries; search; looks and reveals leave rows."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from payments.actions.own_limits import set_own_limit
from payments.actions.store_payments import take_payment
from payments.models import OwnLimit
from support.queries.search import PAGE, customers
from support.queries.timeline import KINDS, Cursor, timeline
from support.timeline_words import by_day
from tests.payments.actions.test_money_requests import ask
from tests.payments.actions.test_transfers import ledger_send
from tests.payments.books import customer_with, fresh_key, open_counter, shown_code, top_up
from tests.payments.sending import knows
from tests.people import Person, fresh_email, make_customer, signed_in_client
from tests.support.desk import agent, page_of, stop
from wallet_site.audit.models import AuditRow

pytestmark = pytest.mark.django_db(transaction=True)


def lived_through_much() -> Person:
    """A customer with rows of every kind."""
    aya = customer_with(5_000)
    for _number in range(4):
        top_up(aya, 300)
    signed_in_client(aya)
    aya.user.phone = "+819012345678"
    aya.user.save(update_fields=["phone"])
    stop(aya, "spending")
    ken = customer_with(500, "ken")
    ledger_send(ken, aya, 120)
    ledger_send(aya, ken, 50, message="a secret word")
    ask(aya, knows(aya, ken))
    ask(ken, knows(ken, aya))
    set_own_limit(aya.user, kind=OwnLimit.Kind.PER_DAY, amount_minor=900, actor=aya.actor)
    client = signed_in_client(agent())
    client.post(page_of(aya, "note/"), {"text": "x"})
    client.get(page_of(aya))
    return aya


def test_pages_hold_everything_once_and_in_order() -> None:
    aya = lived_through_much()
    everything = [(row.rank, row.row_id) for row in timeline(aya.user.pk, limit=1000).rows]
    assert len(everything) > 12
    for size in (1, 2, 5):
        paged, before = [], None
        while True:
            shown = timeline(aya.user.pk, before=before, limit=size)
            paged += [(row.rank, row.row_id) for row in shown.rows]
            if shown.after is None:
                break
            before = Cursor.read(str(shown.after))
        assert paged == everything
    times = [row.at for row in timeline(aya.user.pk, limit=1000).rows]
    assert times == sorted(times, reverse=True)


def test_rows_of_one_moment_are_neither_lost_nor_doubled() -> None:
    aya = lived_through_much()
    rows = timeline(aya.user.pk, limit=1000).rows
    together = [row for row in rows if row.source in ("stopped", "notice")]
    assert len(together) >= 3
    cut = rows[3]
    rest = timeline(aya.user.pk, before=Cursor(cut.at, cut.rank, cut.row_id), limit=1000).rows
    assert [(row.rank, row.row_id) for row in rest] == [(row.rank, row.row_id) for row in rows[4:]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_shows_its_kind_alone(kind: str) -> None:
    aya = lived_through_much()
    rows = timeline(aya.user.pk, kind=kind, limit=1000).rows  # type: ignore[arg-type]
    assert rows
    assert {row.kind for row in rows} == {kind}


def test_every_row_has_words() -> None:
    aya = lived_through_much()
    days = by_day(timeline(aya.user.pk, limit=1000).rows)
    assert all(moment.title for day in days for moment in day.moments)
    words = " ".join(detail for day in days for moment in day.moments for detail in moment.details)
    assert "+819012345678" not in words
    # Others by number alone, and nothing of what people write to each other.
    titles = " ".join(moment.title for day in days for moment in day.moments)
    assert "Ken Mori" not in titles and "K-" in titles
    assert "a secret word" not in words + titles and "ランチ" not in words + titles
    assert aya.email not in words


def test_another_customers_rows_are_not_there() -> None:
    aya, ken = lived_through_much(), make_customer("ken")
    assert {row.source for row in timeline(ken.user.pk, limit=100).rows} <= {"notice", "credential"}
    assert aya.user.pk != ken.user.pk


@pytest.mark.parametrize(
    "text", ["", "x", "~~", "2026-01-01~1~1", "2026-01-01T00:00:00+00:00~1~99999999999999999999"]
)
def test_a_broken_cursor_is_the_first_page(text: str) -> None:
    assert Cursor.read(text) is None


def test_a_cursor_survives_an_address() -> None:
    cursor = Cursor(datetime(2026, 7, 3, 1, 2, 3, 456, tzinfo=UTC), 4, 17)
    assert Cursor.read(str(cursor)) == cursor


def test_the_page_asks_few_queries_and_the_same_number_for_much() -> None:
    rin = agent()
    client = signed_in_client(rin)
    counts = []
    for person in (make_customer("ken"), lived_through_much()):
        client.get(page_of(person))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page_of(person, "?kind=money")).status_code == 200
        counts.append(len(asked))
    assert max(counts) <= 14, counts


@pytest.mark.requirement(39)
def test_a_look_and_a_reveal_leave_rows() -> None:
    aya, rin = make_customer("aya"), agent()
    client = signed_in_client(rin)
    client.get(page_of(aya))
    refused = client.post(page_of(aya, "reveal/"), {"field": "email", "reason": ""})
    assert refused.status_code == 422
    assert aya.email not in refused.content.decode()
    shown = client.post(page_of(aya, "reveal/"), {"field": "email", "reason": "calls back"})
    assert aya.email in shown.content.decode()
    rows = AuditRow.objects.filter(user_id=aya.user.pk, action__startswith="support:").order_by("pk")
    assert [(row.action, row.actor["user_id"]) for row in rows] == [
        ("support:customer:looked_at", rin.user.pk),
        ("support:customer:revealed", rin.user.pk),
    ]
    assert rows[1].data == {"field": "email", "reason": "calls back"}
    assert aya.email not in str(rows[1].data)


@pytest.mark.requirement(39)
def test_reveals_have_a_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.actions.looks.REVEALS_AN_HOUR", 2)
    aya = make_customer("aya")
    client = signed_in_client(agent())
    answers = [client.post(page_of(aya, "reveal/"), {"field": "email", "reason": "x"}) for _n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert aya.email not in answers[-1].content.decode()


# --- Search ----------------------------------------------------------------------------------------------------------
def named(full_name: str, *, phone: str | None = None) -> User:
    user = make_customer("aya").user
    user.full_name, user.phone = full_name, phone
    user.save(update_fields=["full_name", "phone"])
    return user


def test_somebody_is_found_by_whatever_they_tell() -> None:
    mark = uuid.uuid4().hex[:10]
    phone = f"+8190{uuid.uuid4().int % 10**8:08d}"
    user = named(f"Rumi{mark} Okada{mark}", phone=phone)
    former = user.email
    user.email = fresh_email("rumi")
    user.save(update_fields=["email"])
    words = [
        f"rumi{mark}", f"RUMI{mark}", f"okada{mark}", f"Okada{mark} Rumi{mark}", user.email, user.email[:14].upper(),
        former, user.customer_number, user.customer_number.lower(), phone, "0" + phone[3:], str(user.public_id),
    ]  # fmt: skip
    for word in words:
        assert user in customers(word).customers, word


def test_a_customer_is_found_by_the_number_of_a_transaction() -> None:
    aya = customer_with(5_000)
    counter = open_counter()
    number = take_payment(
        counter.terminal,
        code=shown_code(aya),
        amount_minor=800,
        currency="JPY",
        reference="sale-1",
        idempotency_key=fresh_key(),
        actor=counter.actor,
    ).payment.public_id
    entry = timeline(aya.user.pk, kind="money").rows[0]
    for word in (str(number), str(entry.facts["journal_id"])):
        assert aya.user in customers(word).customers


@pytest.mark.parametrize("word", ["%", "_", "'", "\\", "K-", "+", "9" * 40, "nobody-is-called-this", "＠"])
def test_odd_words_find_nobody_and_break_nothing(word: str) -> None:
    make_customer("aya")
    assert list(customers(word).customers) == []
    assert signed_in_client(agent()).get("/admin/customers/", {"q": word}).status_code == 200


def test_an_unprintable_question_is_none() -> None:
    answer = signed_in_client(agent()).get("/admin/customers/", {"q": "\x00"})
    assert answer.status_code == 200


def test_staff_are_not_found() -> None:
    rin = agent()
    assert list(customers(rin.email).customers) == []


def test_lists_are_paged_by_key() -> None:
    mark = f"mark{uuid.uuid4().hex[:10]}"
    wanted = [named(f"{mark} {number}") for number in range(3)]
    first = customers(mark)
    assert [user.pk for user in first.customers] == sorted((user.pk for user in wanted), reverse=True)
    assert customers(mark, after=wanted[1].pk).customers == [wanted[0]]
    assert len(customers().customers) <= PAGE


def test_a_list_asks_the_same_number_of_queries_for_one_and_many() -> None:
    client = signed_in_client(agent())
    counts = set()
    for number in (2, 5):
        mark = f"mark{uuid.uuid4().hex[:10]}"
        for _n in range(number):
            named(f"{mark} x")
        client.get("/admin/customers/", {"q": mark})
        with CaptureQueriesContext(connection) as asked:
            client.get("/admin/customers/", {"q": mark})
        counts.add(len(asked))
    assert len(counts) == 1


def test_the_page_shows_what_customers_set_for_themselves() -> None:
    aya = customer_with(500)
    set_own_limit(aya.user, kind=OwnLimit.Kind.SENDING, amount_minor=700, actor=aya.actor)
    tomorrow = timezone.now() + timedelta(hours=25)
    OwnLimit.objects.filter(user=aya.user).update(next_amount=9_000, next_at=tomorrow)
    page = signed_in_client(agent()).get(page_of(aya)).content.decode()
    assert "Own limit: Sending a day" in page and "¥700" in page and "(asked for ¥9,000 from" in page
