"""A list of leaked passwords being tried is seen as one event, calls people once, and slows only who is unknown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from unittest import mock

import psycopg
import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.db.models import F
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from prometheus_client import REGISTRY

from accounts import stuffing
from accounts.actions.credentials import prove_password
from accounts.actions.stuffing import end_wave, judge_try, keep_wave
from accounts.checks import stuffing_thresholds_are_known
from accounts.errors import WrongCredentials
from accounts.models import SignIn, StuffingWave
from accounts.stuffing import Figures, Thresholds
from support.models import Case
from tests.accounts.actions.test_races import at_once
from tests.accounts.mails import mails_to
from tests.accounts.passkey_pages import use
from tests.accounts.views.test_sign_in import give_password, is_in, sign_in
from tests.api_client import Phone
from tests.authenticator import with_passkey
from tests.people import (
    PASSWORD,
    anonymous_client,
    fresh_email,
    fresh_network,
    make_customer,
    make_staff,
    signed_in_client,
)
from wallet_site.audit.models import AuditRow
from wallet_site.errors import TooManyTries, Unavailable
from wallet_site.local.valkey import Valkey
from wallet_site.outbox.models import Event
from wallet_site.ratelimit import client_for

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = {"tries": 12, "accounts": 8, "networks": 6, "right_percent": 20}
SIGN_IN = reverse("accounts:sign_in")


@pytest.fixture(autouse=True)
def calm() -> Iterator[None]:
    """No wave before and none after: other tests try passwords too."""
    _calm()
    with override_settings(STUFFING_THRESHOLDS=SMALL):
        yield
    _calm()


def _calm() -> None:
    server = client_for(settings.REDIS_URL)
    for key in [
        *server.scan_iter("recent:password-tries*"),
        "flag:stuffing-wave",
        "seen:password-tries:recorded",
    ]:
        server.delete(key)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_stuffingwave SET is_over = true, ended_at = now() WHERE NOT is_over")


def wave(tries: int = 12) -> None:
    """So many tries at addresses that nobody has, each from a network of its own; the cheap part of each."""
    for number in range(tries):
        judge_try(fresh_email("leaked"), f"10.{number}.7.9", is_right=False)


@pytest.mark.requirement(19)
@pytest.mark.parametrize(
    ("figures", "is_wave"),
    [
        (Figures(300, 3, 250, 60), True),
        (Figures(299, 3, 250, 60), False),
        (Figures(300, 30, 250, 60), True),
        (Figures(300, 31, 250, 60), False),
        (Figures(300, 3, 99, 60), False),
        (Figures(300, 3, 250, 29), False),
        (Figures(0, 0, 0, 0), False),
    ],
)
def test_what_is_a_wave(figures: Figures, is_wave: bool) -> None:
    """Many people who sign in on a launch day are none, nor is one account or one network that is tried hard."""
    assert figures.is_wave(Thresholds(tries=300, accounts=100, networks=30, right_percent=10)) is is_wave


@pytest.mark.requirement(19)
def test_a_wave_by_page_and_app_is_one_case_one_notice_and_one_figure() -> None:
    sota = make_staff("sota", groups=["supervisor"], language="en")
    rin = make_staff("rin", groups=["agent"])
    cases = Case.objects.filter(queue="stuffing")
    before = cases.count()
    known = make_customer("mio")
    for number in range(16):
        email = known.email if number == 3 else fresh_email("leaked")
        if number % 2:
            give_password(anonymous_client(f"10.{number}.7.9"), email, "password from a list")
        else:
            Phone(network=f"10.{number}.7.9").prove_password(email, "password from a list")
    found = StuffingWave.objects.get(is_over=False)
    assert cases.count() == before + 1
    case = cases.latest("pk")
    assert (case.customer, case.state) == (None, "open")
    assert found.tries >= 12
    mails = [one for one in mails_to(sota.email) if "wave" in one.subject]
    assert len(mails) == 1
    assert "Different networks: " in str(mails[0].body)
    contact = settings.SECURITY_CONTACT.removeprefix("mailto:")
    assert [one for one in mail.outbox if one.to == [contact]]
    for person in (rin, known):
        assert not [
            one for one in mails_to(person.email) if "wave" in one.subject or "総当たり" in one.subject
        ]

    assert stuffing.figures() == Figures(tries=16, right=0, accounts=16, networks=16)
    desk = signed_in_client(sota)
    page = desk.get(reverse("admin:index")).content.decode()
    assert "A wave of guessed passwords is under way" in page
    section = page[page.index('id="desk-sign-ins"') :].partition("</section>")[0]
    assert section.count("<b>16</b>") == 3
    assert "<b>0 %</b>" in section
    assert desk.get(reverse("admin:case", args=[case.public_id])).status_code == 200
    assert desk.get(f"{reverse('admin:cases')}?queue=stuffing").status_code == 200
    assert REGISTRY.get_sample_value("kakehashi_stuffing_wave") == 1
    assert REGISTRY.get_sample_value("kakehashi_password_tries", {"what": "networks"}) == 16


@pytest.mark.requirement(19)
def test_of_sixty_that_see_it_at_once_one_begins_it() -> None:
    cases, notices = (
        Case.objects.filter(queue="stuffing"),
        Event.objects.filter(topic="accounts:stuffing:seen"),
    )
    counts = cases.count(), notices.count()
    found = Figures(tries=500, right=1, accounts=400, networks=90)
    outcome = at_once(lambda number: keep_wave(replace(found, tries=500 + number)), 60)
    assert outcome == {"done": 60}
    assert (cases.count(), notices.count()) == (counts[0] + 1, counts[1] + 1)
    assert StuffingWave.objects.get(is_over=False).tries == 559


def test_a_wave_is_recorded_once_though_the_clock_stands_still() -> None:
    rows = AuditRow.objects.filter(action="accounts:stuffing:seen")
    before, found = rows.count(), Figures(tries=500, right=1, accounts=400, networks=90)
    with mock.patch("accounts.actions.stuffing.Now", return_value=F("last_seen_at")):
        assert keep_wave(found) == keep_wave(found)
    assert rows.count() == before + 1


@pytest.mark.requirement(19)
def test_in_a_wave_the_unknown_are_slowed_and_nobody_else() -> None:
    mio, home, phone = make_customer("mio"), anonymous_client(), Phone()
    _passkey, key = with_passkey(mio)
    sign_in(home, mio)
    home.post(reverse("accounts:sign_out"))
    assert phone.sign_in(mio).status == 200
    wave()
    assert stuffing.is_slowed()

    stranger = fresh_network()
    codes = [
        give_password(anonymous_client(stranger), mio.email, "a wrong one").status_code for _n in range(4)
    ]
    assert codes == [200, 200, 200, 429]
    elsewhere = [
        Phone(network=stranger).prove_password(fresh_email("x"), "a wrong one").status for _n in range(7)
    ]
    assert elsewhere[:6] == [401] * 6
    assert elsewhere[6] == 429, "ten tries from one network, whoever's address it is"
    # The owner's own browser and app, in the very network of the wave, and a passkey on a device nobody knows.
    home.defaults["REMOTE_ADDR"] = phone.network = stranger
    for _try in range(5):
        give_password(home, mio.email, "mistyped")
    sign_in(home, mio)
    assert is_in(home)
    for _try in range(5):
        phone.prove_password(mio.email, "mistyped")
    assert phone.sign_in(mio).status == 200
    other = anonymous_client(stranger)
    assert use(other, key, SIGN_IN, passkey_alone="yes").status_code == 302
    assert is_in(other)


@pytest.mark.requirement(16)
def test_who_is_known_has_a_limit_of_their_own_that_holds_and_that_nobody_else_uses_up() -> None:
    mio, ken, home = make_customer("mio"), make_customer("ken"), anonymous_client()
    sign_in(home, mio)
    home.post(reverse("accounts:sign_out"))
    network = home.defaults["REMOTE_ADDR"]
    for _try in range(11):
        give_password(anonymous_client(network), mio.email, "a stranger behind the same router")
    assert give_password(home, mio.email, "mistyped").status_code == 200
    for _try in range(9):
        give_password(home, mio.email, "mistyped")
    assert give_password(home, mio.email, PASSWORD).status_code == 429, (
        "a stolen cookie guesses no longer either"
    )
    # Known to one account is unknown to another.
    home.defaults["REMOTE_ADDR"] = fresh_network()
    for _try in range(10):
        give_password(home, ken.email, "guess")
    assert give_password(home, ken.email, PASSWORD).status_code == 429


@pytest.mark.requirement(16)
def test_a_stolen_cookie_makes_no_app_known() -> None:
    """An app makes as many keys as it likes: each would bring a limit of its own."""
    mio, home = make_customer("mio"), anonymous_client()
    sign_in(home, mio)
    browser = SignIn.objects.get(user=mio.user).browser
    assert browser
    thief = replace(mio.actor, browser=browser, network=fresh_network())
    for number in range(10):
        with pytest.raises(WrongCredentials):
            prove_password(mio.email, "guess", actor=thief, channel="app", key_thumbprint=f"key {number}")
    with pytest.raises(TooManyTries):
        prove_password(mio.email, PASSWORD, actor=thief, channel="app", key_thumbprint="one more key")


@pytest.mark.requirement(19)
@pytest.mark.requirement(5)
def test_slowed_answers_do_not_tell_either() -> None:
    wave()
    answers = []
    for email in (make_customer("mio").email, fresh_email("nobody")):
        phone = Phone()
        tried = [phone.prove_password(email, "a wrong one") for _n in range(5)]
        answers.append([(one.status, one.content) for one in tried])
    assert answers[0] == answers[1]
    assert [status for status, _body in answers[0]] == [401, 401, 401, 429, 429]


@pytest.mark.requirement(19)
def test_it_ends_when_it_has_rested_and_the_next_one_is_another() -> None:
    wave()
    first = StuffingWave.objects.get(is_over=False)
    assert not end_wave()
    later = timezone.now() + timedelta(minutes=31)
    with mock.patch.object(time, "time", return_value=later.timestamp()):
        assert stuffing.figures() == Figures(0, 0, 0, 0), "counters forget"
    with (
        connection.cursor() as cursor,
        mock.patch("accounts.actions.stuffing.RESTS_FOR", timedelta(seconds=-1)),
    ):
        cursor.execute("SELECT 1")
        assert end_wave()
        assert not end_wave()
    keep_wave(Figures(tries=20, right=0, accounts=20, networks=20))
    second = StuffingWave.objects.get(is_over=False)
    assert second.pk != first.pk
    assert Event.objects.filter(key=f"stuffing:{second.pk}").exists()


@pytest.mark.requirement(19)
def test_the_database_keeps_one_wave_at_a_time_and_rewrites_none(
    application_connection: psycopg.Connection,
) -> None:
    begun = keep_wave(Figures(tries=20, right=0, accounts=20, networks=20))
    with pytest.raises(psycopg.errors.UniqueViolation):
        application_connection.execute(
            'INSERT INTO accounts_stuffingwave (tries, "right", accounts, networks) VALUES (1, 1, 1, 1)'
        )
    for change in ("tries = 1", "began_at = now() - interval '1 day'"):
        with pytest.raises(psycopg.Error) as refused:
            application_connection.execute(
                f"UPDATE accounts_stuffingwave SET {change} WHERE id = %s", [begun.pk]
            )
        assert refused.value.sqlstate == "KK418"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute("DELETE FROM accounts_stuffingwave WHERE id = %s", [begun.pk])


@pytest.mark.requirement(46)
@pytest.mark.requirement(19)
def test_without_the_counters_nobody_tries_and_the_desk_is_not_shown_a_zero(valkey: Valkey) -> None:
    mio, sota = make_customer("mio"), make_staff("sota", groups=["supervisor"])
    desk = signed_in_client(sota)
    valkey.kill()
    assert give_password(anonymous_client(), mio.email).status_code == 503
    with pytest.raises(Unavailable):
        stuffing.is_slowed()
    page = desk.get(reverse("admin:index")).content.decode()
    assert "Cannot be counted right now" in page
    assert REGISTRY.get_sample_value("kakehashi_password_tries", {"what": "tries"}) is None


def test_a_mistyped_threshold_is_said() -> None:
    assert stuffing_thresholds_are_known() == []
    with override_settings(STUFFING_THRESHOLDS=SMALL | {"acounts": 3}):
        assert [one.id for one in stuffing_thresholds_are_known()] == ["accounts.E004"]
