"""Stopping holds from the very next request, of browsers and apps; lifting takes two, in SQL too."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Suspension
from accounts.policy import restrictions
from payments import posting
from payments.errors import WalletFrozen
from payments.models import JournalKind
from support.actions import approvals, suspensions
from support.errors import RoleMissing
from support.models import Approval
from tests.api_client import Phone
from tests.payments.books import customer_with, fresh_key, wallet
from tests.people import Person, make_customer, signed_in_client
from tests.support.desk import agent, page_of, stop, stop_by_page, supervisor
from wallet_site.audit.models import AuditRow
from wallet_site.errors import Conflict
from wallet_site.outbox.relay import relay
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


@pytest.fixture
def aya() -> Person:
    return make_customer("aya")


@pytest.mark.requirement(34)
def test_a_stop_holds_from_the_next_request_of_browser_and_app(aya: Person) -> None:
    browser, phone, rin = signed_in_client(aya), Phone.signed_in(aya), agent()
    assert browser.get("/security/").status_code == 200
    assert phone.get("/api/v1/wallet").status == 200
    stop_by_page(signed_in_client(rin), aya)
    assert browser.get("/security/").status_code == 302
    assert phone.get("/api/v1/wallet").status == 401
    assert phone.refresh().status in (400, 401, 403)
    made = Suspension.objects.get(user=aya.user)
    assert (made.channel, made.made_by, made.reason) == ("agent", rin.user, "called us")


def test_a_part_is_stopped_and_the_rest_goes_on() -> None:
    ken = customer_with(5_000, "ken")
    browser = signed_in_client(ken)
    stop_by_page(signed_in_client(agent()), ken, "spending")
    shown = browser.get("/")
    assert shown.status_code == 200
    assert "5,000" in shown.content.decode()
    assert "/restricted/" in shown.content.decode()
    with pytest.raises(WalletFrozen), recorded(ken.actor):
        posting.place_hold(
            event_key=fresh_key("hold"),
            kind=JournalKind.PAYMENT,
            account_id=wallet(ken).pk,
            amount_minor=100,
            reference="tests",
            expires_at=timezone.now() + timedelta(minutes=5),
        )


def test_the_customer_is_told_of_stop_and_lifting(aya: Person) -> None:
    rin, sota = agent(), supervisor()
    made = stop(aya, by=rin)
    request = suspensions.ask_to_lift(made, reason="verified by phone", actor=rin.actor)
    approvals.approve(request, reason="heard the call", actor=sota.actor)
    relay("security")
    told = [one for one in mail.outbox if one.to == [aya.email]]
    assert len(told) == 3  # the welcome, the stop, the lifting
    made.refresh_from_db()
    assert (made.lifted_by, made.lift_reason) == (sota.user, "verified by phone")
    assert restrictions(aya.user.pk) == []
    actions = AuditRow.objects.filter(user_id=aya.user.pk).values_list("action", flat=True)
    assert {"support:approval:asked", "support:approval:approved", "accounts:suspension:lifted"} <= set(
        actions
    )


@pytest.mark.requirement(41)
@pytest.mark.parametrize("lifter", ["themselves", "another", "nobody"])
def test_no_hand_in_the_database_lifts_without_an_approval(
    aya: Person, application_connection: psycopg.Connection, lifter: str
) -> None:
    rin, sota = agent(), supervisor()
    made = stop(aya, by=rin)
    suspensions.ask_to_lift(made, reason="please", actor=rin.actor)
    who = {"themselves": rin.user.pk, "another": sota.user.pk, "nobody": None}[lifter]
    with pytest.raises(psycopg.Error) as refused:
        application_connection.execute(
            "UPDATE accounts_suspension SET lifted_at = now(), lifted_by_id = %s, lift_reason = 'x' WHERE id = %s",
            [who, made.pk],
        )
    assert refused.value.sqlstate == "KK302"
    assert len(restrictions(aya.user.pk)) == 1


def test_an_agent_cannot_approve(aya: Person) -> None:
    rin, tsubasa = agent(), agent("tsubasa")
    request = suspensions.ask_to_lift(stop(aya), reason="please", actor=rin.actor)
    with pytest.raises(RoleMissing):
        approvals.approve(request, reason="fine", actor=tsubasa.actor)
    assert len(restrictions(aya.user.pk)) == 1


def test_a_lifted_stop_is_asked_for_no_more(aya: Person) -> None:
    rin, sota = agent(), supervisor()
    made = stop(aya)
    request = suspensions.ask_to_lift(made, reason="please", actor=rin.actor)
    approvals.approve(request, reason="fine", actor=sota.actor)
    with pytest.raises(Conflict):
        suspensions.ask_to_lift(made, reason="again", actor=rin.actor)


def test_the_approver_sees_what_was_frozen_and_lifts_by_page(aya: Person) -> None:
    rin, sota = agent(), supervisor()
    made = stop(aya, "spending", by=rin)
    asked = signed_in_client(rin).post(
        f"/admin/suspensions/{made.public_id}/lift/", {"reason": "she showed her card"}
    )
    assert asked.status_code == 302
    request = Approval.objects.get(kind="lift_suspension", subject_id=made.pk)
    browser = signed_in_client(sota)
    assert str(request.public_id) in browser.get(page_of(aya)).content.decode()
    shown = browser.get(f"/admin/approvals/{request.public_id}/").content.decode()
    assert "Paying in stores" in shown
    assert "she showed her card" in shown
    done = browser.post(f"/admin/approvals/{request.public_id}/", {"reason": "right", "do": "approve"})
    assert done.status_code == 302
    assert restrictions(aya.user.pk) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "nothing"},
        {"reason": ""},
        {"reason": " "},
        {"ends_at": "2019-07-01T00:00"},
        {"ends_at": "soon"},
    ],
)
def test_a_bad_form_stops_nothing(aya: Person, wrong: dict[str, str]) -> None:
    form = {"scope": "all", "reason_code": "takeover", "reason": "x", "ends_at": "", "do": "confirm"} | wrong
    answer = signed_in_client(agent()).post(page_of(aya, "suspend/"), form)
    assert answer.status_code == 422
    assert restrictions(aya.user.pk) == []


def test_a_stop_with_an_end_ends_by_itself(aya: Person) -> None:
    ends = timezone.localtime() + timedelta(hours=2)
    form = {
        "scope": "spending", "reason_code": "customer_asked", "reason": "holiday",
        "ends_at": ends.strftime("%Y-%m-%dT%H:%M"), "do": "confirm",
    }  # fmt: skip
    assert signed_in_client(agent()).post(page_of(aya, "suspend/"), form).status_code == 302
    assert Suspension.objects.get(user=aya.user).ends_at == ends.replace(second=0, microsecond=0)


def test_staff_are_no_customers_and_cannot_be_stopped_here() -> None:
    sota = supervisor()
    assert signed_in_client(agent()).get(page_of(sota)).status_code == 404


def test_every_device_is_signed_out_and_the_customer_told(aya: Person) -> None:
    browser, phone = signed_in_client(aya), Phone.signed_in(aya)
    answer = signed_in_client(agent()).post(page_of(aya, "end-sessions/"), {"reason": "lost phone"})
    assert answer.status_code == 302
    assert browser.get("/security/").status_code == 302
    assert phone.get("/api/v1/wallet").status == 401
    assert phone.refresh().status in (400, 401)
    relay("security")
    subjects = [one.subject for one in mail.outbox if one.to == [aya.email]]
    assert len(subjects) >= 2
    assert restrictions(aya.user.pk) == []
