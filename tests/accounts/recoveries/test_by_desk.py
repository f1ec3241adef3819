"""Everything lost: two of the desk, 72 hours in which everybody is told, then a link, the password, a new factor."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.urls import reverse

from accounts.actions.recoveries import clock, desk
from accounts.errors import RecoveryOver, RecoveryUnderWay
from accounts.models import CredentialChange, FormerAddress, Recovery, RecoveryStep, TotpDevice, User
from tests.accounts.mails import mails_to
from tests.accounts.recovering import (
    APP,
    PASSWORD_PAGE,
    by_the_desk,
    deliveries_of,
    let_pass,
    mailed_link,
    opens_with,
    set_up,
    wait_out,
    with_phone,
)
from tests.people import (
    Person,
    anonymous_client,
    fresh_email,
    make_customer,
    make_staff,
    totp_code,
    wrong_code,
)
from wallet_site.outbox.models import Delivery, Event
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]

FORGOT = reverse("accounts:recovery_forgot")
NEW_PASSWORD = "seven lanterns on a bridge"


def with_every_channel(person: Person) -> tuple[Person, str]:
    """Somebody with an address of now, one of last week, and a phone."""
    former = person.email
    with recorded(person.actor):
        User.objects.filter(pk=person.user.pk).update(email=fresh_email("aya"), phone="+819011112222")
    person.user.refresh_from_db()
    return person, former


@pytest.mark.requirement(23)
def test_two_of_the_desk_a_wait_a_link_and_the_password(owner_connection: psycopg.Connection) -> None:
    aya = with_phone(make_customer("aya"))
    recovery = by_the_desk(aya)
    assert recovery.waits_until is not None
    assert recovery.waits_until - recovery.changed_at == timedelta(hours=72)
    wait_out(owner_connection, aya, recovery)
    assert recovery.state == "ready"
    browser = anonymous_client()
    assert browser.get(mailed_link(aya))["Location"] == PASSWORD_PAGE
    assert browser.get(APP).status_code == 410
    assert browser.post(PASSWORD_PAGE, {"password": "not the password"}).status_code == 200
    assert browser.get(APP).status_code == 410
    assert browser.post(PASSWORD_PAGE, {"password": aya.password})["Location"] == APP
    seed, codes = set_up(browser)
    assert opens_with(aya, totp_code(seed))
    assert opens_with(aya, codes[0])
    assert not opens_with(aya, totp_code(aya.seed))
    # The link has done what it was for.
    assert anonymous_client().get(mailed_link(aya)).status_code == 410
    steps = RecoveryStep.objects.filter(recovery=recovery).order_by("pk").values_list("state", flat=True)
    assert list(steps) == ["started", "waiting", "ready", "enrolling", "completed"]


@pytest.mark.requirement(23)
@pytest.mark.requirement(24)
@pytest.mark.requirement(26)
def test_every_address_is_told_at_the_start_and_after_24_and_48_hours(
    owner_connection: psycopg.Connection,
) -> None:
    aya, former = with_every_channel(make_customer("aya"))
    recovery = by_the_desk(aya)
    wait_out(owner_connection, aya, recovery)
    mails_to(aya.email)
    waiting = Event.objects.filter(
        key__startswith=f"recovery-told:{recovery.pk}:", payload__state="waiting"
    ).order_by("pk")
    assert [one.payload["round"] for one in waiting] == [1, 2, 3]
    everywhere = {("email", aya.email), ("email", former), ("sms", "+819011112222")}
    for event in Event.objects.filter(key__startswith=f"recovery-told:{recovery.pk}:"):
        told = {(one.channel, one.address): one.state for one in event.deliveries.all()}
        assert told == dict.fromkeys(everywhere, "sent"), event.payload
    # The link itself went to the address on file and to nobody else.
    sent = Delivery.objects.filter(event__topic="accounts:recovery:link", event__user_id=aya.user.pk)
    assert [(one.channel, one.address) for one in sent] == [("email", aya.email)]
    assert not [one for one in mails_to(former) if "/recovery/link/" in str(one.body)]


@pytest.mark.requirement(23)
def test_nothing_comes_before_its_time(owner_connection: psycopg.Connection) -> None:
    aya = with_phone(make_customer("aya"))
    recovery = by_the_desk(aya)
    mails_to(aya.email)
    for hours, rounds in ((23, 1), (1.1, 2), (22.8, 2), (1.2, 3), (22, 3)):
        let_pass(owner_connection, recovery, hours=hours)
        for _repeat in range(2):
            clock.mind_recoveries()
        mails_to(aya.email)
        recovery.refresh_from_db()
        assert (recovery.state, recovery.rounds_told) == ("waiting", rounds), hours
    let_pass(owner_connection, recovery, hours=2)
    clock.mind_recoveries()
    recovery.refresh_from_db()
    assert recovery.state == "ready"


@pytest.mark.requirement(24)
@pytest.mark.requirement(46)
def test_a_wait_in_which_nobody_could_be_told_is_none(owner_connection: psycopg.Connection) -> None:
    """Worker and mail server dead for four days: the wait goes on until people have really had their time."""
    aya = with_phone(make_customer("aya"))
    recovery = by_the_desk(aya)
    let_pass(owner_connection, recovery, hours=96)
    clock.mind_recoveries()
    recovery.refresh_from_db()
    assert recovery.state == "waiting"
    for _round in range(3):
        clock.mind_recoveries()
    mails_to(aya.email)  # Now they leave, all at once.
    clock.mind_recoveries()
    recovery.refresh_from_db()
    assert recovery.state == "waiting"
    let_pass(owner_connection, recovery, hours=71)
    clock.mind_recoveries()
    recovery.refresh_from_db()
    assert recovery.state == "waiting"
    let_pass(owner_connection, recovery, hours=1.1)
    clock.mind_recoveries()
    recovery.refresh_from_db()
    assert recovery.state == "ready"


@pytest.mark.requirement(24)
def test_no_link_leaves_while_one_address_is_still_owed_its_notice(
    owner_connection: psycopg.Connection,
) -> None:
    aya, former = with_every_channel(make_customer("aya"))
    recovery = by_the_desk(aya)
    wait_out_but_owe = {"owed": former}
    for _round in range(3):
        mails_to(aya.email)
        let_pass(owner_connection, recovery, hours=24.01)
        owner_connection.execute(
            "UPDATE outbox_delivery SET state = 'queued', sent_at = NULL, due_at = now() + interval '1 day'"
            " WHERE address = %(owed)s AND event_id IN (SELECT id FROM outbox_event WHERE topic ="
            " 'accounts:recovery:moved')",
            wait_out_but_owe,
        )
        clock.mind_recoveries()
    recovery.refresh_from_db()
    assert recovery.state == "waiting"
    # Given up for good is told as well as can be: a case of its own calls the desk.
    owner_connection.execute(
        "UPDATE outbox_delivery SET state = 'failed' WHERE address = %(owed)s AND state = 'queued'",
        wait_out_but_owe,
    )
    mails_to(aya.email)
    let_pass(owner_connection, recovery, hours=24.01)
    clock.mind_recoveries()
    recovery.refresh_from_db()
    assert recovery.state == "ready"


@pytest.mark.requirement(3)
@pytest.mark.requirement(23)
def test_a_lost_password_waits_another_day_and_needs_another_link(
    owner_connection: psycopg.Connection,
) -> None:
    aya = with_phone(make_customer("aya"))
    recovery = wait_out(owner_connection, aya, by_the_desk(aya))
    first = mailed_link(aya)
    browser = anonymous_client()
    browser.get(first)
    assert browser.get(FORGOT).status_code == 200
    recovery.refresh_from_db()
    assert recovery.state == "ready"  # Looking changes nothing.
    assert browser.post(FORGOT).status_code == 200
    recovery.refresh_from_db()
    assert (recovery.state, recovery.password_lost) == ("waiting", True)
    assert recovery.waits_until is not None
    assert recovery.waits_until - recovery.changed_at == timedelta(hours=24)
    assert anonymous_client().get(first).status_code == 410
    wait_out(owner_connection, aya, recovery)
    second = mailed_link(aya)
    assert second != first
    browser = anonymous_client()
    browser.get(second)
    assert browser.get(FORGOT).status_code == 410  # Once is enough.
    assert browser.post(PASSWORD_PAGE, {"new_password": "password1234"}).status_code == 200
    assert browser.post(PASSWORD_PAGE, {"new_password": NEW_PASSWORD})["Location"] == APP
    aya.user.refresh_from_db()
    assert aya.user.check_password(aya.password)  # Not before the factor is there.
    seed, _codes = set_up(browser)
    aya.user.refresh_from_db()
    assert aya.user.check_password(NEW_PASSWORD)
    assert opens_with(aya, totp_code(seed))
    kinds = CredentialChange.objects.filter(user=aya.user, actor__name="recovery")
    assert {"password_changed", "totp_added", "totp_removed"} <= set(kinds.values_list("kind", flat=True))


@pytest.mark.requirement(23)
@pytest.mark.parametrize("bad", ["cut", "longer", "another's", "empty"])
def test_a_link_that_is_not_whole_opens_nothing(owner_connection: psycopg.Connection, bad: str) -> None:
    aya = with_phone(make_customer("aya"))
    wait_out(owner_connection, aya, by_the_desk(aya))
    link = mailed_link(aya)
    token = link.split("/")[3]
    given = {"cut": token[:-1], "longer": token + "A", "another's": "A" * len(token), "empty": "x"}[bad]
    browser = anonymous_client()
    assert browser.get(link.replace(token, given)).status_code == 410
    assert browser.post(PASSWORD_PAGE, {"password": aya.password}).status_code == 410


@pytest.mark.requirement(23)
def test_a_link_ends_after_72_hours_and_nobody_gets_in_after(owner_connection: psycopg.Connection) -> None:
    aya = with_phone(make_customer("aya"))
    recovery = wait_out(owner_connection, aya, by_the_desk(aya))
    link = mailed_link(aya)
    browser = anonymous_client()
    browser.get(link)
    browser.post(PASSWORD_PAGE, {"password": aya.password})
    let_pass(owner_connection, recovery, hours=72.01)
    assert anonymous_client().get(link).status_code == 410
    assert browser.get(APP).status_code == 410
    clock.mind_recoveries()
    recovery.refresh_from_db()
    assert recovery.state == "expired"
    assert recovery.link_digest is None
    assert [one.seed for one in TotpDevice.objects.filter(user=aya.user)] == [aya.seed]


@pytest.mark.requirement(16)
def test_the_password_is_guessed_ten_times_an_hour_at_most(owner_connection: psycopg.Connection) -> None:
    aya = with_phone(make_customer("aya"))
    wait_out(owner_connection, aya, by_the_desk(aya))
    browser = anonymous_client()
    browser.get(mailed_link(aya))
    for _try in range(10):
        assert browser.post(PASSWORD_PAGE, {"password": "wrong"}).status_code == 200
    assert browser.post(PASSWORD_PAGE, {"password": aya.password}).status_code == 429


def test_the_link_may_be_opened_again_until_it_has_led_somewhere(
    owner_connection: psycopg.Connection,
) -> None:
    aya = with_phone(make_customer("aya"))
    wait_out(owner_connection, aya, by_the_desk(aya))
    link = mailed_link(aya)
    first, second = anonymous_client(), anonymous_client()
    for browser in (first, second):
        browser.get(link)
        browser.post(PASSWORD_PAGE, {"password": aya.password})
    assert first.get(APP).status_code == 410  # Handed over to the other browser.
    assert second.get(APP).status_code == 200
    assert second.post(APP, {"code": wrong_code(aya)}).status_code == 200
    set_up(second)


@pytest.mark.requirement(20)
@pytest.mark.parametrize(
    "change",
    [
        {"email": "thief.of.recoveries@example.com"},
        {"phone": "+819033334444"},
        {"password": "argon2$changed"},
    ],
)
def test_whatever_else_is_changed_meanwhile_ends_it(
    owner_connection: psycopg.Connection, change: dict[str, str]
) -> None:
    aya = make_customer("aya")
    if "email" in change:
        change = {"email": fresh_email("thief")}
    recovery = wait_out(owner_connection, aya, by_the_desk(aya))
    link = mailed_link(aya)
    with recorded(aya.actor):
        User.objects.filter(pk=aya.user.pk).update(**change)
    recovery.refresh_from_db()
    assert recovery.state == "overtaken"
    assert anonymous_client().get(link).status_code == 410


def test_a_link_sent_again_kills_the_one_before(owner_connection: psycopg.Connection) -> None:
    aya = with_phone(make_customer("aya"))
    recovery = wait_out(owner_connection, aya, by_the_desk(aya))
    first = mailed_link(aya)
    rin = make_staff("rin")
    with recorded(rin.actor):
        clock.write_new_link(recovery.pk, actor=rin.actor)
    second = mailed_link(aya)
    assert first != second
    assert anonymous_client().get(first).status_code == 410
    assert anonymous_client().get(second).status_code == 302


def test_one_recovery_at_a_time_and_a_refused_one_is_over() -> None:
    aya, rin, sota = make_customer("aya"), make_staff("rin"), make_staff("sota")
    with recorded(rin.actor):
        recovery = desk.write_start(aya.user, reason="called", actor=rin.actor)
    with pytest.raises(RecoveryUnderWay), recorded(sota.actor):
        desk.write_start(aya.user, reason="called", actor=sota.actor)
    with recorded(sota.actor):
        desk.write_refusal(recovery.pk, reason="could not say anything", actor=sota.actor)
    with pytest.raises(RecoveryOver), recorded(sota.actor):
        desk.write_approval(recovery.pk, actor=sota.actor)
    recovery.refresh_from_db()
    assert recovery.state == "refused"
    assert mails_to(aya.email)
    assert {one.event.payload["state"] for one in deliveries_of(recovery)} == {"refused"}


def test_the_desk_may_end_it_alone_at_any_time(owner_connection: psycopg.Connection) -> None:
    aya, rin = with_phone(make_customer("aya")), make_staff("rin")
    recovery = wait_out(owner_connection, aya, by_the_desk(aya))
    link = mailed_link(aya)
    with recorded(rin.actor):
        desk.write_withdrawal(recovery.pk, reason="the daughter called", actor=rin.actor)
    assert anonymous_client().get(link).status_code == 410
    mails_to(aya.email)
    assert {one.channel for one in deliveries_of(recovery) if one.event.payload["state"] == "withdrawn"} == {
        "email",
        "sms",
    }


def test_a_former_address_gets_no_link_that_goes_on(owner_connection: psycopg.Connection) -> None:
    aya, former = with_every_channel(make_customer("aya"))
    assert FormerAddress.objects.filter(user=aya.user, email=former).exists()
    recovery = wait_out(owner_connection, aya, by_the_desk(aya))
    assert recovery.address == aya.email
    assert not [one for one in mails_to(former) if "/recovery/link/" in str(one.body)]
    assert Recovery.objects.filter(user=aya.user).count() == 1
