"""The desk helps somebody who has lost everything: guided, by two, and without setting anything."""

from __future__ import annotations

import pytest

from accounts.actions.recoveries import asking
from accounts.actions.recoveries.steps import open_recovery
from accounts.errors import RecoveryUnderWay
from accounts.models import CredentialChange, Recovery, User
from support.actions.approvals import approve, refuse
from support.actions.recoveries import start_recovery
from support.errors import OwnRequest
from support.models import Approval, Case
from tests.accounts.recovering import stop_links
from tests.people import Person, anonymous_client, fresh_network, make_customer, signed_in_client
from tests.support.desk import agent, page_of, supervisor
from wallet_site.actor import Actor
from wallet_site.audit.models import AuditRow
from wallet_site.errors import Problem
from wallet_site.outbox.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def asked_by_page(person: Person) -> None:
    asking.ask_recovery(person.email, actor=Actor(kind="anonymous", network=fresh_network()))
    asking.take_asks()


def told(person: Person) -> list[str]:
    """The steps that the customer has been told of."""
    moved = Event.objects.filter(topic="accounts:recovery:moved", user_id=person.user.pk)
    return [one.payload["state"] for one in moved.order_by("pk")]


@pytest.mark.requirement(23)
@pytest.mark.requirement(40)
def test_from_the_question_to_the_wait_by_pages() -> None:
    aya, rin, sota = make_customer("aya"), agent(), supervisor()
    asked_by_page(aya)
    assert Case.objects.get(customer=aya.user, queue="recovery").state == "open"
    desk_of_rin, page = signed_in_client(rin), page_of(aya, "recovery/")
    shown = desk_of_rin.get(page).content.decode()
    assert aya.email not in shown
    assert desk_of_rin.post(page, {"do": "start", "reason": ""}).status_code == 422
    assert not Approval.objects.filter(customer=aya.user).exists()
    assert desk_of_rin.post(page, {"do": "start", "reason": "called at noon"}).status_code == 302
    request = Approval.objects.get(customer=aya.user, kind="start_recovery")
    recovery = Recovery.objects.get(pk=request.subject_id)
    assert (recovery.state, recovery.started_by) == ("started", rin.user)
    with pytest.raises(OwnRequest):
        approve(request, reason="me again", actor=_promoted(rin))
    decide = f"/admin/approvals/{request.public_id}/"
    assert aya.email not in signed_in_client(sota).get(decide).content.decode()
    before = CredentialChange.objects.filter(user=aya.user).count()
    assert signed_in_client(sota).post(decide, {"do": "approve", "reason": "called back"}).status_code == 302
    recovery.refresh_from_db()
    assert (recovery.state, recovery.approved_by) == ("waiting", sota.user)
    assert len(stop_links(aya.email)) == 2  # of the question and of the wait
    assert CredentialChange.objects.filter(user=aya.user).count() == before
    written = AuditRow.objects.filter(user_id=aya.user.pk, actor__user_id=sota.user.pk)
    assert "accounts:recovery:approved" in set(written.values_list("action", flat=True))


def _promoted(person: Person) -> Actor:
    """The agent as a supervisor: rights alone do not make a second person."""
    User.objects.get(pk=person.user.pk).groups.set(supervisor("other").user.groups.all())
    return person.actor


def test_a_refused_request_ends_the_recovery_and_tells_the_customer() -> None:
    aya, rin, sota = make_customer("aya"), agent(), supervisor()
    request = start_recovery(aya.user, reason="called", actor=rin.actor)
    with pytest.raises(RecoveryUnderWay):
        start_recovery(aya.user, reason="called", actor=sota.actor)
    assert told(aya) == []
    refuse(request, reason="the voice was another's", actor=sota.actor)
    assert Recovery.objects.get(pk=request.subject_id).state == "refused"
    assert told(aya) == ["refused"]
    with pytest.raises(Problem):
        approve(request, reason="after all", actor=supervisor("other").actor)


def test_one_member_of_staff_ends_it_and_then_nobody_can_approve() -> None:
    aya, rin, sota = make_customer("aya"), agent(), supervisor()
    request = start_recovery(aya.user, reason="called", actor=rin.actor)
    ended = signed_in_client(rin).post(page_of(aya, "recovery/"), {"do": "end", "reason": "found the phone"})
    assert ended.status_code == 302
    assert open_recovery(aya.user.pk) is None
    with pytest.raises(Problem):
        approve(request, reason="called back", actor=sota.actor)
    request.refresh_from_db()
    assert request.state == "waiting"
    assert Recovery.objects.get(pk=request.subject_id).state == "withdrawn"


def test_a_link_that_is_not_there_is_not_mailed_again() -> None:
    aya, rin = make_customer("aya"), agent()
    start_recovery(aya.user, reason="called", actor=rin.actor)
    answer = signed_in_client(rin).post(page_of(aya, "recovery/"), {"do": "resend", "reason": "asked"})
    assert answer.status_code == 409
    assert not Event.objects.filter(topic="accounts:recovery:link", user_id=aya.user.pk).exists()


def test_stopping_calls_the_desk() -> None:
    aya = make_customer("aya")
    approve(
        start_recovery(aya.user, reason="called", actor=agent().actor),
        reason="called back",
        actor=supervisor().actor,
    )
    assert not Case.objects.filter(customer=aya.user).exists()
    assert anonymous_client().post(stop_links(aya.email)[0], {"not_me": "on"}).status_code == 200
    assert Recovery.objects.get(user=aya.user).state == "stopped"
    assert Case.objects.get(customer=aya.user).queue == "recovery"
