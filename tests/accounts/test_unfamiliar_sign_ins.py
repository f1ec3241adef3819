"""A sign-in from a browser or network that the account does not know is told everywhere, and only then."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import policy
from accounts.actions.reports import report_sign_in
from accounts.actions.sign_ins import begin_sign_in
from accounts.familiarity import familiarity
from accounts.models import ApiDevice, NoticeAddress, SignIn, SignInAttempt, User
from tests.accounts.actions.test_races import at_once
from tests.accounts.mails import link_in, mails_to, sms_to
from tests.accounts.views.test_sign_in import give_code, give_password, is_in, sign_in
from tests.api_client import Phone
from tests.people import (
    PASSWORD,
    Person,
    anonymous_client,
    fresh_email,
    fresh_network,
    make_customer,
    make_staff,
    totp_now,
)
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

COOKIE = settings.BROWSER_COOKIE_NAME
NEW_DEVICE = "Somebody signed in to your account on a new device"
NEW_NETWORK = "Somebody signed in to your account from a new network"


def used(client: Client, person: Person) -> Client:
    """The browser after the person has signed in and out on it."""
    sign_in(client, person)
    assert is_in(client)
    client.post(reverse("accounts:sign_out"))
    return client


def told(person: Person) -> list[Event]:
    found = Event.objects.filter(user_id=person.user.pk, topic="accounts:sign_in:unfamiliar")
    return list(found.order_by("pk"))


@pytest.mark.requirement(33)
def test_a_new_browser_is_told_at_every_address_and_its_link_stops_everything() -> None:
    mio, home = make_customer("mio"), anonymous_client()
    second, phone = fresh_email("second"), f"+8190{secrets.randbelow(10**8):08d}"
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone=phone)
        NoticeAddress.objects.create(user=mio.user, email=second)
    used(home, mio)
    assert not told(mio), "the first sign-in of all is news to nobody"
    used(home, mio)
    assert not told(mio), "nor is the same browser again"
    assert not [one for one in policy.cool_offs(mio.user.pk) if one.kind == policy.NEW_BROWSER]

    thief = anonymous_client()
    sign_in(thief, mio)
    assert is_in(thief)
    for address in (mio.email, second):
        mail = mails_to(address)[-1]
        assert mail.subject == NEW_DEVICE
        assert thief.defaults["REMOTE_ADDR"] in str(mail.body)
        assert "For 24 hours your limits are lower" in str(mail.body)
    assert NEW_DEVICE in sms_to(phone)[-1].text
    assert "/undo/" not in sms_to(phone)[-1].text
    (cool,) = [one for one in policy.cool_offs(mio.user.pk) if one.kind == policy.NEW_BROWSER]
    assert cool.until - cool.at == timedelta(hours=24)

    anonymous_client().post(link_in(mails_to(second)[-1], "/undo/sign-in/"), {"not_me": "on"})
    assert not is_in(thief)
    assert policy.is_stopped(mio.user.pk, "spending")


@pytest.mark.requirement(29)
def test_a_new_browser_lowers_limits_for_a_day_and_no_longer() -> None:
    mio = make_customer("mio")
    known = replace(mio.actor, browser="a" * 64)
    for browser, ago in (("a", timedelta(days=9)), ("b", timedelta(hours=24, minutes=1))):
        row(mio, browser, ago)
    assert policy.cool_off(mio.user.pk) is None
    row(mio, "c", timedelta(hours=23, minutes=59))
    until = policy.cool_off(mio.user.pk)
    assert until is not None
    assert timedelta(0) < until - timezone.now() <= timedelta(minutes=1)
    assert familiarity(mio.user.pk, known).device > timedelta(days=8)
    assert familiarity(mio.user.pk, replace(known, browser="")).device == timedelta(0)


def row(person: Person, browser: str, ago: timedelta) -> SignIn:
    at = timezone.now() - ago
    return SignIn.objects.create(
        user=person.user,
        session_digest=secrets.token_bytes(32),
        device="Chrome on Windows",
        network=person.network,
        browser=browser * 64,
        started_at=at,
    )


@pytest.mark.requirement(33)
def test_a_known_browser_on_a_new_network_is_told_too_and_lowers_nothing() -> None:
    mio, home = make_customer("mio"), anonymous_client()
    used(home, mio)
    home.defaults["REMOTE_ADDR"] = fresh_network()
    used(home, mio)
    assert [one.subject for one in mails_to(mio.email)][-1] == NEW_NETWORK
    assert not policy.cool_offs(mio.user.pk)
    used(home, mio)
    assert len(told(mio)) == 1


@pytest.mark.requirement(33)
def test_an_app_that_signs_in_again_from_elsewhere_is_told() -> None:
    mio = make_customer("mio")
    phone = Phone()
    assert phone.sign_in(mio).status == 200
    assert phone.sign_in(mio).status == 200
    assert not told(mio), "a new app is told as a credential change, and this network is its own"
    phone.network = fresh_network()
    assert phone.sign_in(mio).status == 200
    (event,) = told(mio)
    device = ApiDevice.objects.get(user=mio.user)
    assert event.payload["device_id"] == device.pk
    mail = mails_to(mio.email)[-1]
    assert (mail.subject, phone.name in str(mail.body)) == (NEW_NETWORK, True)
    report_sign_in(
        link_in(mail, "/undo/sign-in/").removeprefix("/undo/sign-in/").rstrip("/"), actor=mio.actor
    )
    device.refresh_from_db()
    assert device.revoked_at is not None


@pytest.mark.requirement(15)
def test_the_cookie_opens_nothing_and_is_no_ones_choice() -> None:
    mio, home = make_customer("mio"), anonymous_client()
    home.get(reverse("accounts:sign_in"))
    assert COOKIE not in home.cookies, "who has proven nothing is given nothing"
    used(home, mio)
    cookie = home.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    (stored,) = set(SignIn.objects.filter(user=mio.user).values_list("browser", flat=True))
    assert len(stored) == 64
    assert cookie.value.partition(":")[0] not in stored
    # Possession of it: both proofs are asked all the same.
    thief = anonymous_client()
    thief.cookies[COOKIE] = cookie.value
    assert not is_in(thief)
    give_code(thief, totp_now(mio))
    assert not is_in(thief)
    give_password(thief, mio.email, PASSWORD)
    assert not is_in(thief)
    # Another value, unsigned or signed by somebody else, is as good as none.
    for forged in ("x" * 43, f"{'x' * 43}:abc", cookie.value[:-1] + "A", ""):
        other = anonymous_client()
        other.cookies[COOKIE] = forged
        used(other, mio)
        newest = SignIn.objects.filter(user=mio.user).latest("pk")
        assert newest.is_new_device
        assert newest.browser not in (stored, "")
        assert other.cookies[COOKIE].value != forged


@pytest.mark.requirement(33)
def test_a_browser_that_was_reported_is_not_known_afterwards() -> None:
    mio = make_customer("mio")
    row(mio, "a", timedelta(days=9))
    thiefs = row(mio, "b", timedelta(hours=1))
    assert familiarity(mio.user.pk, replace(mio.actor, browser="b" * 64)).device > timedelta(0)
    from accounts.undo_links import sign_in_undo_url  # noqa: PLC0415

    url = sign_in_undo_url(thiefs, mio.email, at=timezone.now())
    report_sign_in(url.rstrip("/").rpartition("/")[2], actor=mio.actor)
    assert familiarity(mio.user.pk, replace(mio.actor, browser="b" * 64)).device == timedelta(0)
    assert row(mio, "b", timedelta(0)).refresh_from_db() is None
    assert SignIn.objects.filter(user=mio.user).latest("pk").is_new_device


@pytest.mark.requirement(33)
def test_of_many_at_once_from_one_new_browser_one_is_new() -> None:
    mio = make_customer("mio")
    row(mio, "a", timedelta(days=9))
    actor = replace(mio.actor, browser="b" * 64)
    outcome = at_once(
        lambda _n: begin_sign_in(mio.user, session_key=secrets.token_urlsafe(24), factor="totp", actor=actor)
    )
    assert outcome == {"done": 12}
    assert SignIn.objects.filter(user=mio.user, is_new_device=True).count() == 1
    assert len(told(mio)) == 1


@pytest.mark.requirement(33)
def test_a_session_written_by_hand_is_judged_kept_and_told_and_stays_so(
    application_connection: psycopg.Connection,
) -> None:
    mio = make_customer("mio")
    row(mio, "a", timedelta(days=9))
    application_connection.execute(
        "INSERT INTO accounts_signin (public_id, user_id, session_digest, device, network, browser, factor, ended_why,"
        " is_new_device) VALUES (gen_random_uuid(), %s, sha256(gen_random_uuid()::text::bytea), 'by hand',"
        " '198.51.100.9', 'x', 'totp', '', false)",
        [mio.user.pk],
    )
    assert len(told(mio)) == 1
    by_hand = SignIn.objects.get(user=mio.user, device="by hand")
    assert (by_hand.is_new_device, by_hand.is_new_network) == (True, True)
    assert SignInAttempt.objects.get(sign_in=by_hand).result == "succeeded"
    for column, value in (("is_new_device", False), ("browser", "a" * 64), ("known_since", "2020-01-01")):
        with pytest.raises(psycopg.errors.Error) as refused:
            application_connection.execute(
                f"UPDATE accounts_signin SET {column} = %s WHERE id = %s", [value, by_hand.pk]
            )
        assert refused.value.sqlstate == "KK415"
    for text in ("UPDATE accounts_signinattempt SET result = 'locked'", "DELETE FROM accounts_signinattempt"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application_connection.execute(f"{text} WHERE user_id = %s", [mio.user.pk])
    with pytest.raises(psycopg.errors.CheckViolation):
        application_connection.execute(
            "INSERT INTO accounts_signinattempt (user_id, result, channel, factor, device) VALUES"
            " (%s, 'succeeded', 'browser', '', '')",
            [mio.user.pk],
        )


def test_the_owner_of_the_tables_cannot_rewrite_a_try_either(owner_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    row(mio, "a", timedelta(days=9))
    for text in (
        "UPDATE accounts_signinattempt SET device = '' WHERE user_id = %s",
        "DELETE FROM accounts_signinattempt WHERE user_id = %s",
    ):
        with pytest.raises(psycopg.Error, match="append-only"):
            owner_connection.execute(text, [mio.user.pk])


def test_staff_are_told_without_a_link_that_would_stop_a_wallet() -> None:
    rin = make_staff("rin", language="en")
    for browser in "ab":
        with transaction.atomic():
            row(rin, browser, timedelta(0))
    mail = mails_to(rin.email)[-1]
    assert mail.subject == NEW_DEVICE
    assert "/undo/" not in str(mail.body)
