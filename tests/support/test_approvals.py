"""What takes two: asked for by one person, decided by another, once, in time, and nobody approves their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from accounts.models import Suspension, User
from accounts.policy import restrictions
from support.actions import approvals, suspensions
from support.approval_kinds import kinds
from support.errors import AlreadyAsked, NotWaiting, OwnRequest, RoleMissing
from support.models import Approval
from tests.people import Person, fresh_email, make_customer, make_staff, signed_in_client
from tests.support.desk import agent, stop, supervisor
from wallet_site.audit.models import AuditRow
from wallet_site.errors import Problem
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


@pytest.fixture
def aya() -> Person:
    return make_customer("aya")


def asked(customer: Person, by: Person) -> Approval:
    return suspensions.ask_to_lift(stop(customer), reason="please", actor=by.actor)


def nothing_moved(request: Approval) -> bool:
    request.refresh_from_db()
    lifted = Suspension.objects.filter(pk=request.subject_id, lifted_at=None).count() == 0
    return request.state == Approval.State.WAITING and request.decided_by_id is None and not lifted


def sqlstate(error: BaseException) -> str:
    return getattr(error.__cause__ or error, "sqlstate", "") or ""


DECIDE = (
    "UPDATE support_approval SET state = 'approved', decided_by_id = %s, decided_at = now(), decision_reason = 'x'"
    " WHERE id = %s"
)


def act_as(application: psycopg.Connection, person: Person) -> None:
    """Raw SQL that claims to be somebody, as the portal does."""
    application.execute("SELECT set_config('kakehashi.actor', %s, false)", [person.actor.as_json()])


@pytest.mark.money(18)
@pytest.mark.requirement(40, 41)
def test_nobody_approves_their_own_by_page_action_or_sql(
    aya: Person, application_connection: psycopg.Connection
) -> None:
    sota = make_staff("sota", groups=["agent", "supervisor"])  # Two roles are one person still.
    request = asked(aya, sota)
    browser = signed_in_client(sota)
    address = f"/admin/approvals/{request.public_id}/"
    assert 'value="approve"' not in browser.get(address).content.decode()
    assert browser.post(address, {"reason": "mine", "do": "approve"}).status_code == 403
    with pytest.raises(OwnRequest):
        approvals.approve(request, reason="mine", actor=sota.actor)
    act_as(application_connection, sota)
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute(DECIDE, [sota.user.pk, request.pk])
    assert refused.value.sqlstate == "KK303"
    assert nothing_moved(request)
    tries = AuditRow.objects.filter(action="support:approval:own_tried", subject_id=str(request.pk))
    assert [row.actor["user_id"] for row in tries] == [sota.user.pk] * 2


SAME_PERSON: dict[str, Callable[[Person], Person]] = {
    "the same name": lambda _rin: supervisor("rin"),
    "the name turned round": lambda _rin: renamed(supervisor(), "abe  RIN"),
    "the name in wide letters": lambda _rin: renamed(supervisor(), "Ｒｉｎ　Ａｂｅ"),
    "the name in one word": lambda _rin: renamed(supervisor(), "RinAbe"),
    "the mailbox with a tag": lambda rin: readdressed(supervisor(), rin.email.replace("@", "+desk@")),
    "the address that she had": lambda rin: taken_over(rin, supervisor()),
    "an address that he had": lambda rin: readdressed_twice(supervisor(), rin),
    "the phone": lambda rin: with_phone(rin, supervisor()),
}


def renamed(person: Person, name: str) -> Person:
    User.objects.filter(pk=person.user.pk).update(full_name=name)
    return person


def readdressed(person: Person, email: str) -> Person:
    with recorded(person.actor):
        User.objects.filter(pk=person.user.pk).update(email=email)
    return person


def taken_over(old: Person, new: Person) -> Person:
    email = old.email
    readdressed(old, fresh_email("elsewhere"))
    return readdressed(new, email)


def readdressed_twice(new: Person, old: Person) -> Person:
    readdressed(new, old.email.replace("@", "+once@"))
    return readdressed(new, fresh_email("now"))


def with_phone(one: Person, other: Person) -> Person:
    User.objects.filter(pk__in=[one.user.pk, other.user.pk]).update(phone=f"+8190{one.user.pk:08d}")
    return other


@pytest.mark.requirement(40, 41)
@pytest.mark.parametrize("path", SAME_PERSON)
def test_another_account_of_the_same_person_approves_nothing(
    aya: Person, application_connection: psycopg.Connection, path: str
) -> None:
    rin = agent()
    request = asked(aya, rin)
    again = SAME_PERSON[path](rin)
    answer = signed_in_client(again).get(f"/admin/approvals/{request.public_id}/")
    assert 'value="approve"' not in answer.content.decode()
    with pytest.raises(OwnRequest):
        approvals.approve(request, reason="fine", actor=again.actor)
    act_as(application_connection, again)
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute(DECIDE, [again.user.pk, request.pk])
    assert refused.value.sqlstate == "KK303"
    assert nothing_moved(request)
    # Somebody who shares nothing with her may.
    approvals.approve(request, reason="fine", actor=supervisor("jun").actor)
    assert restrictions(aya.user.pk) == []


@pytest.mark.requirement(40)
def test_sql_neither_asks_nor_decides_in_anothers_name(
    aya: Person, application_connection: psycopg.Connection
) -> None:
    rin, sota, tsubasa = agent(), supervisor(), agent("tsubasa")
    request = asked(aya, rin)
    refusals = {
        "nobody acts": (None, sota),
        "another acts": (rin, sota),
        "without the right": (tsubasa, tsubasa),
        "a customer": (aya, aya),
    }
    for what, (acting, named) in refusals.items():
        if acting is not None:
            act_as(application_connection, acting)
        with pytest.raises(psycopg.Error) as refused:
            application_connection.execute(DECIDE, [named.user.pk, request.pk])
        assert refused.value.sqlstate == "KK304", what
    insert = (
        'INSERT INTO support_approval (public_id, kind, subject_id, facts, "right", reason, made_by_id, expires_at,'
        ' state, decision_reason) SELECT gen_random_uuid(), kind, 0, facts, "right", reason, %s, expires_at,'
        " 'waiting', '' FROM support_approval WHERE id = %s"
    )
    act_as(application_connection, sota)
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute(insert, [rin.user.pk, request.pk])
    assert refused.value.sqlstate == "KK304"
    assert nothing_moved(request)


@pytest.mark.requirement(40)
def test_who_has_left_approves_nothing(aya: Person, application_connection: psycopg.Connection) -> None:
    request, jun = asked(aya, agent()), supervisor("jun")
    User.objects.filter(pk=jun.user.pk).update(is_active=False)
    with pytest.raises(RoleMissing):
        approvals.approve(request, reason="x", actor=jun.actor)
    act_as(application_connection, jun)
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute(DECIDE, [jun.user.pk, request.pk])
    assert refused.value.sqlstate == "KK304"
    assert nothing_moved(request)


@pytest.mark.money(18)
def test_it_is_decided_once_in_time_and_never_altered(aya: Person) -> None:
    rin, sota = agent(), supervisor()
    request = asked(aya, rin)
    with pytest.raises(AlreadyAsked):
        suspensions.ask_to_lift(
            Suspension.objects.get(pk=request.subject_id), reason="again", actor=rin.actor
        )
    for altered in ({"facts": {}}, {"right": "use_desk"}, {"made_by": sota.user}, {"subject_id": 1}):
        with pytest.raises(DatabaseError) as error, recorded(sota.actor):
            Approval.objects.filter(pk=request.pk).update(**altered)
        assert sqlstate(error.value) == "KK301"
    approvals.refuse(request, reason="not proven", actor=sota.actor)
    for decide in (approvals.approve, approvals.refuse):
        with pytest.raises(NotWaiting):
            decide(request, reason="after all", actor=sota.actor)
    with pytest.raises(DatabaseError) as error, recorded(sota.actor):
        Approval.objects.filter(pk=request.pk).update(state="approved")
    assert sqlstate(error.value) == "KK301"
    assert len(restrictions(aya.user.pk)) == 1


def test_an_expired_request_lifts_nothing_and_makes_room_for_the_next(aya: Person) -> None:
    rin, sota = agent(), supervisor()
    made = stop(aya)
    with recorded(rin.actor):
        request = Approval.objects.create(
            kind="lift_suspension", customer=aya.user, subject_id=made.pk, facts={}, right="approve", reason="late",
            made_by=rin.user, expires_at=timezone.now() - timedelta(seconds=1),
        )  # fmt: skip
    with pytest.raises(NotWaiting):
        approvals.approve(request, reason="x", actor=sota.actor)
    with pytest.raises(DatabaseError) as error, recorded(sota.actor):
        Approval.objects.filter(pk=request.pk).update(
            state="approved", decided_by=sota.user, decided_at=timezone.now()
        )
    assert sqlstate(error.value) == "KK301"
    again = suspensions.ask_to_lift(made, reason="now", actor=rin.actor)
    request.refresh_from_db()
    assert (request.state, again.state) == ("expired", "waiting")
    # What still has time does not expire.
    with pytest.raises(DatabaseError), transaction.atomic():
        Approval.objects.filter(pk=again.pk).update(state="expired")
    assert len(restrictions(aya.user.pk)) == 1


def test_overdue_requests_are_called_expired(aya: Person) -> None:
    rin = agent()
    with recorded(rin.actor):
        late = Approval.objects.create(
            kind="lift_suspension", facts={}, right="approve", reason="late", made_by=rin.user,
            expires_at=timezone.now() - timedelta(seconds=1),
        )  # fmt: skip
    waiting = asked(aya, rin)
    assert approvals.expire_overdue() >= 1
    late.refresh_from_db()
    waiting.refresh_from_db()
    assert (late.state, waiting.state) == ("expired", "waiting")


def test_one_who_asks_may_take_it_back(aya: Person) -> None:
    rin = agent()
    request = asked(aya, rin)
    with pytest.raises(RoleMissing):
        approvals.refuse(request, reason="not mine", actor=agent("tsubasa").actor)
    assert nothing_moved(request)
    approvals.refuse(request, reason="a mistake", actor=rin.actor)
    request.refresh_from_db()
    assert request.state == Approval.State.REFUSED
    assert len(restrictions(aya.user.pk)) == 1


def test_many_who_decide_at_once_decide_once(aya: Person) -> None:
    request = asked(aya, agent())
    people = [supervisor(name) for name in ("sota", "jun", "kei", "emi")]
    start = Barrier(len(people) * 2)

    def decide(number: int) -> str:
        start.wait()
        act = approvals.approve if number % 2 else approvals.refuse
        try:
            act(request, reason="at once", actor=people[number % len(people)].actor)
        except Problem as problem:
            return problem.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(people) * 2) as pool:
        answers = list(pool.map(decide, range(len(people) * 2)))
    assert sorted(answers) == ["done"] + ["not-waiting"] * 7
    request.refresh_from_db()
    lifted = restrictions(aya.user.pk) == []
    assert lifted == (request.state == Approval.State.APPROVED)
    decided = AuditRow.objects.filter(
        subject_id=str(request.pk), action__in=["support:approval:approved", "support:approval:refused"]
    )
    assert decided.count() == 1


def test_two_who_ask_at_once_make_one_request(aya: Person) -> None:
    made = stop(aya)
    people = [agent("rin"), agent("tsubasa")]
    start = Barrier(2)

    def ask(person: Person) -> str:
        start.wait()
        try:
            suspensions.ask_to_lift(made, reason="please", actor=person.actor)
        except Problem as problem:
            return problem.code
        finally:
            connections.close_all()
        return "asked"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, people)) == ["already-asked", "asked"]
    assert Approval.objects.filter(subject_id=made.pk, kind="lift_suspension").count() == 1


def test_what_cannot_be_done_is_not_approved(aya: Person) -> None:
    """The stop is gone by another way: the decision falls with what it would have done."""
    rin, sota = agent(), supervisor()
    request = asked(aya, rin)
    with recorded(sota.actor):
        other = Approval.objects.create(
            kind="lift_suspension", subject_id=None, facts=request.facts, right="approve", reason="x",
            made_by=sota.user, expires_at=timezone.now() + timedelta(hours=1),
        )  # fmt: skip
    with pytest.raises(Suspension.DoesNotExist):
        approvals.approve(other, reason="x", actor=supervisor("jun").actor)
    other.refresh_from_db()
    assert other.state == Approval.State.WAITING


def test_every_kind_has_words_and_rights_that_exist() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT codename FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id"
            " WHERE t.app_label = 'support'"
        )
        rights = {row[0] for row in cursor.fetchall()}
    for name, kind in kinds().items():
        assert {kind.asks, kind.decides} <= rights, name
        assert str(kind.title) and str(kind.button), name
        assert timedelta(minutes=5) <= kind.lifetime <= timedelta(days=7), name


def test_the_approver_sees_what_was_frozen(aya: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    # First on the lists, however many requests earlier tests have left waiting.
    monkeypatch.setattr(suspensions.LiftSuspension, "lifetime", timedelta(minutes=1))
    rin, sota = agent(), supervisor()
    request = suspensions.ask_to_lift(
        stop(aya, "spending", by=rin), reason="she showed her card", actor=rin.actor
    )
    shown = signed_in_client(sota).get(f"/admin/approvals/{request.public_id}/").content.decode()
    assert all(
        word in shown for word in ("Paying in stores", "she showed her card", "seen by a test", "Rin Abe")
    )
    listed = signed_in_client(sota).get("/admin/approvals/").content.decode()
    assert str(request.public_id) in listed
    assert str(request.public_id) in signed_in_client(sota).get("/admin/").content.decode()
    # Not among what waits for her: she asked.
    assert str(request.public_id) not in signed_in_client(rin).get("/admin/").content.decode()
    assert json.loads(json.dumps(request.facts)) == request.facts
