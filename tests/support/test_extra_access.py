"""More than a role gives, for some hours: approved by another, seen by all, over by the database's clock."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from accounts.models import User
from support import policy
from support.actions import access, approvals, cases, suspensions
from support.errors import AlreadyHeld, OwnRequest, RoleMissing
from support.models import Approval, ExtraAccess
from tests.people import Person, make_customer, make_staff, signed_in_client
from tests.support.desk import agent, stop, supervisor
from wallet_site.audit.models import AuditRow
from wallet_site.errors import Conflict, InvalidInput

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(39, 40)]


@pytest.fixture
def mika() -> Person:
    return make_staff("mika", groups=["communications"])


def granted(to: Person, right: str = "work_cases", *, hours: int = 2) -> ExtraAccess:
    request = access.ask_for_access(right=right, hours=hours, reason="night shift", actor=to.actor)  # type: ignore[arg-type]
    approvals.approve(request, reason="fine", actor=supervisor("jun").actor)
    return ExtraAccess.objects.get(approval=request)


def over(mine: ExtraAccess, owner_connection: psycopg.Connection) -> None:
    """The hours pass: only the database's owner can say so."""
    with owner_connection.transaction():
        owner_connection.execute("ALTER TABLE support_extraaccess DISABLE TRIGGER takes_two")
        owner_connection.execute(
            "UPDATE support_extraaccess SET starts_at = now() - interval '3 hours',"
            " ends_at = now() - interval '1 second' WHERE id = %s",
            [mine.pk],
        )
        owner_connection.execute("ALTER TABLE support_extraaccess ENABLE TRIGGER takes_two")


def test_it_is_held_for_its_hours_and_ends_by_itself(
    mika: Person, owner_connection: psycopg.Connection
) -> None:
    aya = make_customer("aya")
    with pytest.raises(RoleMissing):
        cases.add_note(aya.user, text="x", actor=mika.actor)
    mine = granted(mika)
    assert timedelta(minutes=118) < mine.ends_at - timezone.now() <= timedelta(hours=2)
    cases.add_note(aya.user, text="x", actor=mika.actor)
    for browser in (signed_in_client(agent()), signed_in_client(mika)):
        for path in ("/admin/", "/admin/roles/"):
            shown = browser.get(path).content.decode()
            assert mika.user.full_name in shown
            assert "Open, take and close cases" in shown
    rows = AuditRow.objects.filter(action="support:access:granted", subject_id=str(mine.pk))
    assert rows.get().data["right"] == "work_cases"
    over(mine, owner_connection)
    assert "work_cases" not in policy.held_by(mika.user)
    with pytest.raises(RoleMissing):
        cases.add_note(aya.user, text="x", actor=mika.actor)
    assert mika.user.full_name not in signed_in_client(agent()).get("/admin/").content.decode()


def test_a_right_to_approve_counts_for_the_databases_guard_too(
    mika: Person, owner_connection: psycopg.Connection
) -> None:
    aya, rin = make_customer("aya"), agent()
    first, second = (
        suspensions.ask_to_lift(stop(aya, scope), reason="please", actor=rin.actor)
        for scope in ("top_up", "sending")
    )
    mine = granted(mika, "approve")
    approvals.approve(first, reason="fine", actor=mika.actor)
    over(mine, owner_connection)
    with pytest.raises(RoleMissing):
        approvals.approve(second, reason="fine", actor=mika.actor)
    decide = (
        "UPDATE support_approval SET state = 'approved', decided_by_id = %s, decided_at = now(),"
        " decision_reason = 'x' WHERE id = %s"
    )
    owner_connection.execute("SELECT set_config('kakehashi.actor', %s, false)", [mika.actor.as_json()])
    with pytest.raises(psycopg.Error) as refused:
        owner_connection.execute(decide, [mika.user.pk, second.pk])
    assert refused.value.sqlstate == "KK304"


def test_it_is_ended_early_by_who_has_it_or_who_approves_such(mika: Person) -> None:
    rin = agent()
    mine = granted(mika)
    with pytest.raises(RoleMissing):
        access.end_access(mine, actor=rin.actor)
    assert "work_cases" in policy.held_by(mika.user)
    answer = signed_in_client(mika).post(f"/admin/roles/{mine.public_id}/end/")
    assert answer.status_code == 302
    assert "work_cases" not in policy.held_by(mika.user)
    with pytest.raises(Conflict):
        access.end_access(mine, actor=supervisor().actor)
    other = granted(mika)
    access.end_access(other, actor=supervisor().actor)
    assert "work_cases" not in policy.held_by(mika.user)


def test_it_is_asked_for_by_page(mika: Person) -> None:
    browser = signed_in_client(mika)
    assert browser.get("/admin/roles/ask/").status_code == 200
    bad = browser.post("/admin/roles/ask/", {"right": "approve_access", "hours": "2", "reason": "x"})
    assert bad.status_code == 422
    assert browser.post(
        "/admin/roles/ask/", {"right": "work_cases", "hours": "9", "reason": "x"}
    ).status_code == 422  # fmt: skip
    assert not Approval.objects.filter(made_by=mika.user).exists()
    done = browser.post("/admin/roles/ask/", {"right": "work_cases", "hours": "2", "reason": "night shift"})
    assert done.status_code == 302
    request = Approval.objects.get(made_by=mika.user)
    shown = signed_in_client(supervisor()).get(f"/admin/approvals/{request.public_id}/").content.decode()
    assert "Mika gets this right for 2 hours." in shown


def test_what_cannot_be_asked_for(mika: Person) -> None:
    for right, hours in (("approve_access", 1), ("work_cases", 0), ("work_cases", 9), ("everything", 1)):
        with pytest.raises(InvalidInput):
            access.ask_for_access(right=right, hours=hours, reason="x", actor=mika.actor)  # type: ignore[arg-type]
    with pytest.raises(AlreadyHeld):
        access.ask_for_access(right="use_desk", hours=1, reason="x", actor=mika.actor)
    assert not Approval.objects.filter(made_by=mika.user).exists()


def test_nobody_approves_their_own_nor_what_they_get(
    mika: Person, application_connection: psycopg.Connection
) -> None:
    sota = supervisor()
    own = access.ask_for_access(right="make_cohort", hours=1, reason="x", actor=mika.actor)
    User.objects.filter(pk=sota.user.pk).update(full_name=mika.user.full_name)
    with pytest.raises(OwnRequest):
        approvals.approve(own, reason="x", actor=sota.actor)
    jun = supervisor("jun")
    approvals.approve(own, reason="x", actor=jun.actor)
    insert = (
        'INSERT INTO support_extraaccess (public_id, user_id, "right", approval_id, starts_at, ends_at)'
        " VALUES (gen_random_uuid(), %s, %s, %s, now(), now() + %s)"
    )
    for user, right, hours in (
        (jun.user.pk, "make_cohort", 1),  # for somebody else
        (mika.user.pk, "approve", 1),  # for something else
        (mika.user.pk, "make_cohort", 5),  # for longer
    ):
        with pytest.raises(psycopg.Error) as refused:
            application_connection.execute(insert, [user, right, own.pk, timedelta(hours=hours)])
        assert refused.value.sqlstate == "KK305"
    mine = ExtraAccess.objects.get(approval=own)
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute(
            "UPDATE support_extraaccess SET ends_at = now() + interval '1 day' WHERE id = %s", [mine.pk]
        )
    assert refused.value.sqlstate == "KK305"
