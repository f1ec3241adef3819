"""One link, no sign-in, a deliberate answer: the recovery is over and the account frozen. It gives nobody control."""

from __future__ import annotations

import re

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from accounts.actions.recoveries.stopping import stop_recovery
from accounts.models import (
    ApiDevice,
    CredentialChange,
    Recovery,
    RecoveryStop,
    SignIn,
    Suspension,
    TotpDevice,
    User,
)
from accounts.notice_targets import Target
from accounts.recovery_links import stop_url
from accounts.undo_links import undo_url
from tests.accounts.mails import mails_to
from tests.accounts.recovering import (
    APP,
    MAIL,
    PASSWORD_PAGE,
    by_the_desk,
    deliveries_of,
    mailed_code,
    mailed_link,
    past_the_recovery_code,
    set_up,
    stop_links,
    wait_out,
    with_phone,
)
from tests.people import Person, anonymous_client, fresh_email, make_customer, signed_in_client
from wallet_site.actor import Actor
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]

NOT_ME = {"not_me": "on"}


def stops(person: Person) -> list[Suspension]:
    return list(Suspension.objects.filter(user=person.user, lifted_at=None))


def path_of(recovery: Recovery, channel: str, address: str) -> str:
    return "/recovery/stop/" + stop_url(recovery, Target(channel, address)).split("/recovery/stop/")[1]


@pytest.mark.requirement(23)
def test_looking_stops_nothing() -> None:
    aya = make_customer("aya")
    recovery = by_the_desk(aya)
    link = stop_links(aya.email)[-1]
    browser = anonymous_client()
    for method in ("get", "head", "get"):
        assert getattr(browser, method)(link).status_code == 200
    assert b'role="alert"' in browser.post(link).content
    body = browser.get(link).content.decode()
    assert aya.email not in body
    assert aya.user.full_name not in body
    recovery.refresh_from_db()
    assert recovery.state == "waiting"
    assert not stops(aya)


@pytest.mark.requirement(23)
@pytest.mark.requirement(24)
@pytest.mark.parametrize("whose", ["the address on file", "a former address", "the phone"])
def test_each_address_stops_it_freezes_and_tells_everybody(whose: str) -> None:
    aya = make_customer("aya")
    former, browser = aya.email, signed_in_client(aya)
    device = ApiDevice.objects.create(user=aya.user, name="Pixel", key_thumbprint="x" * 43)
    with recorded(Actor.system("tests")):
        User.objects.filter(pk=aya.user.pk).update(email=fresh_email("aya"), phone="+819011112222")
    aya.user.refresh_from_db()
    browser = signed_in_client(aya)
    recovery = by_the_desk(aya)
    mails_to(aya.email)
    link = {
        "the address on file": path_of(recovery, "email", aya.email),
        "a former address": path_of(recovery, "email", former),
        "the phone": path_of(recovery, "sms", "+819011112222"),
    }[whose]

    stranger = anonymous_client()
    page = stranger.post(link, NOT_ME)

    assert page.status_code == 200
    assert "0120-000-000" in page.content.decode()
    assert "_auth_user_id" not in stranger.session
    recovery.refresh_from_db()
    assert recovery.state == "stopped"
    (made,) = stops(aya)
    assert (made.scope, made.channel, made.reason_code) == ("all", "undo_link", "takeover")
    assert browser.get(reverse("accounts:security")).status_code == 302
    assert not SignIn.objects.filter(user=aya.user, ended_at=None).exists()
    device.refresh_from_db()
    assert device.revoked_at is not None
    # It hands nothing over: what somebody signs in with is as it was.
    assert [one.seed for one in TotpDevice.objects.filter(user=aya.user)] == [aya.seed]
    aya.user.refresh_from_db()
    assert aya.user.check_password(aya.password)
    mails_to(aya.email)
    told = {one.address for one in deliveries_of(recovery) if one.event.payload["state"] == "stopped"}
    assert told == {aya.email, former, "+819011112222"}


@pytest.mark.requirement(23)
def test_used_twice_it_does_nothing_new() -> None:
    aya = make_customer("aya")
    by_the_desk(aya)
    link = stop_links(aya.email)[-1]
    anonymous_client().post(link, NOT_ME)
    told = Event.objects.filter(user_id=aya.user.pk).count()
    for _repeat in range(2):
        again = anonymous_client().post(link, NOT_ME)
        assert again.status_code == 200
        assert "nothing new" in again.content.decode()
    assert len(stops(aya)) == 1
    assert RecoveryStop.objects.filter(user=aya.user).count() == 1
    assert Event.objects.filter(user_id=aya.user.pk).count() == told


@pytest.mark.requirement(23)
@pytest.mark.parametrize(
    "when", ["the code is in the mail", "the link is there", "the factor is being set up"]
)
def test_it_stops_at_every_point_and_what_was_proven_is_worthless(
    when: str, owner_connection: psycopg.Connection
) -> None:
    aya = with_phone(make_customer("aya"))
    if when == "the code is in the mail":
        browser, code = past_the_recovery_code(aya), mailed_code(aya)
        anonymous_client().post(stop_links(aya.email)[-1], NOT_ME)
        assert browser.post(MAIL, {"code": code})["Location"] == reverse("accounts:recovery")
    else:
        wait_out(owner_connection, aya, by_the_desk(aya))
        browser, link = anonymous_client(), mailed_link(aya)
        browser.get(link)
        if when == "the factor is being set up":
            browser.post(PASSWORD_PAGE, {"password": aya.password})
            assert browser.get(APP).status_code == 200
        anonymous_client().post(stop_links(aya.email)[-1], NOT_ME)
        assert browser.post(PASSWORD_PAGE, {"password": aya.password}).status_code == 410
        assert anonymous_client().get(link).status_code == 410
    assert browser.get(APP).status_code == 410
    assert len(stops(aya)) == 1
    assert [one.seed for one in TotpDevice.objects.filter(user=aya.user)] == [aya.seed]


@pytest.mark.requirement(28)
def test_after_a_recovery_that_went_through_it_still_freezes() -> None:
    """Who reads the first mail late finds a link that helps; the undo links of the changes put things back."""
    aya = with_phone(make_customer("aya"))
    browser = past_the_recovery_code(aya)
    link = stop_links(aya.email)[0]
    browser.post(MAIL, {"code": mailed_code(aya)})
    set_up(browser)
    assert anonymous_client().post(link, NOT_ME).status_code == 200
    assert len(stops(aya)) == 1
    assert Recovery.objects.get(user=aya.user).state == "completed"
    removed = CredentialChange.objects.filter(user=aya.user, kind="totp_removed").latest("pk")
    undo = "/undo/" + undo_url(removed, aya.email).split("/undo/")[1]
    assert anonymous_client().post(undo, NOT_ME).status_code == 200
    assert aya.seed in [one.seed for one in TotpDevice.objects.filter(user=aya.user)]


@pytest.mark.requirement(23)
def test_a_link_that_is_cut_forged_or_anothers_gets_a_calm_page() -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    recovery = by_the_desk(aya)
    token = stop_links(aya.email)[-1].split("/")[3]
    strange = path_of(recovery, "email", ken.email).split("/")[3]
    for bad in (token[:-1], token[:20], "x", token + "A", token.swapcase(), strange):
        answer = anonymous_client().post(f"/recovery/stop/{bad}/", NOT_ME)
        assert answer.status_code == 410
        assert "0120-000-000" in answer.content.decode()
    recovery.refresh_from_db()
    assert recovery.state == "waiting"
    assert not stops(aya)


@pytest.mark.requirement(28)
def test_an_address_that_an_undo_took_away_is_told_but_stops_nothing() -> None:
    """Else a thief could freeze the account each time its owner tries to get back in."""
    aya, thief = make_customer("aya"), fresh_email("thief")
    mine = aya.email
    with recorded(Actor(kind="customer", network="203.0.113.9")):
        User.objects.filter(pk=aya.user.pk).update(email=thief)
    change = CredentialChange.objects.filter(user=aya.user, kind="email_changed").get()
    undo = "/undo/" + undo_url(change, mine).split("/undo/")[1]
    anonymous_client().post(undo, NOT_ME)
    aya.user.refresh_from_db()
    recovery = by_the_desk(aya)
    assert "recover" in mails_to(thief)[-1].subject or mails_to(thief)[-1].subject
    assert not stop_links(thief)
    assert stop_links(mine)
    frozen = len(stops(aya))
    assert anonymous_client().post(path_of(recovery, "email", thief), NOT_ME).status_code == 410
    recovery.refresh_from_db()
    assert (recovery.state, len(stops(aya))) == ("waiting", frozen)


def test_stopping_is_limited_by_network() -> None:
    client = anonymous_client()
    answers = [client.get("/recovery/stop/x/").status_code for _try in range(61)]
    assert answers == [410] * 60 + [429]


class TestSignedIn:
    """Who can still sign in sees it, and ends it either way."""

    page = reverse("accounts:recovery_state")

    def aged(self, browser: Client, person: Person) -> Client:
        SignIn.objects.filter(user=person.user).update(verified_at="2020-01-01T00:00:00Z")
        return browser

    def test_nothing_to_see_without_one(self) -> None:
        assert signed_in_client(make_customer("aya")).get(self.page).status_code == 302

    def test_not_me_freezes_at_once_without_a_fresh_proof(self) -> None:
        aya = make_customer("aya")
        recovery = by_the_desk(aya)
        browser = self.aged(signed_in_client(aya), aya)
        shown = browser.get(self.page).content.decode()
        assert re.search(r"recovered", shown)
        assert browser.post(self.page, {"not_me": "yes"}).status_code == 200
        recovery.refresh_from_db()
        assert recovery.state == "stopped"
        assert len(stops(aya)) == 1
        assert browser.get(reverse("accounts:security")).status_code == 302

    def test_taking_it_back_asks_for_a_fresh_factor_and_freezes_nothing(self) -> None:
        aya = make_customer("aya")
        recovery = by_the_desk(aya)
        old = self.aged(signed_in_client(aya), aya)
        assert old.post(self.page, {"take_back": "yes"})["Location"].startswith(reverse("accounts:step_up"))
        recovery.refresh_from_db()
        assert recovery.state == "waiting"
        assert signed_in_client(aya).post(self.page, {"take_back": "yes"}).status_code == 302
        recovery.refresh_from_db()
        assert recovery.state == "withdrawn"
        assert not stops(aya)

    def test_anothers_recovery_is_not_reached(self) -> None:
        aya, ken = make_customer("aya"), make_customer("ken")
        recovery = by_the_desk(aya)
        for data in ({"not_me": "yes"}, {"take_back": "yes"}):
            signed_in_client(ken).post(self.page, data)
        recovery.refresh_from_db()
        assert recovery.state == "waiting"
        assert not stops(ken)


def test_an_action_that_is_late_finds_it_over() -> None:
    aya = make_customer("aya")
    recovery = by_the_desk(aya)
    token = stop_links(aya.email)[-1].split("/")[3]
    actor = Actor(kind="anonymous", network="198.51.100.77")
    assert stop_recovery(token, actor=actor).is_first
    assert not stop_recovery(token, actor=actor).is_first
    recovery.refresh_from_db()
    assert recovery.state == "stopped"
