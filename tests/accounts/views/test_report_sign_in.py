"""The link of a sign-in's notice stops the account and calls the desk; it lets nobody in and changes nothing else."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccountReport, ApiDevice, CredentialChange, SignIn, Suspension, User
from accounts.undo_links import sign_in_undo_url
from support.models import Case
from tests.accounts.mails import last_mail_to, mails_to
from tests.people import Person, anonymous_client, fresh_email, make_customer, signed_in_client
from wallet_site.actor import Actor
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

NOT_ME = {"not_me": "on"}


def browser_of(person: Person) -> SignIn:
    signed_in_client(person)
    return SignIn.objects.filter(user=person.user).latest("pk")


def app_of(person: Person) -> ApiDevice:
    return ApiDevice.objects.create(user=person.user, name="Pixel", key_thumbprint="x" * 43)


def link(subject: SignIn | ApiDevice, address: str) -> str:
    url = sign_in_undo_url(subject, address, at=timezone.now())
    return url.partition("/undo/")[1] + url.partition("/undo/")[2]


def press(path: str):
    return anonymous_client().post(path, NOT_ME)


def stops(person: Person) -> list[Suspension]:
    return list(Suspension.objects.filter(user=person.user, lifted_at=None))


@pytest.mark.requirement(28)
def test_looking_changes_nothing_and_neither_does_a_button_without_the_answer() -> None:
    mio = make_customer("mio")
    path = link(browser_of(mio), mio.email)
    client = anonymous_client()
    for _look in range(2):
        page = client.get(path)
        assert page.status_code == 200
    assert b'role="alert"' in client.post(path).content
    body = page.content.decode()
    assert "Chrome on Windows" in body
    assert mio.network in body
    assert mio.email not in body
    assert not stops(mio)
    assert not AccountReport.objects.filter(user=mio.user).exists()


@pytest.mark.requirement(28)
@pytest.mark.requirement(31)
@pytest.mark.parametrize("kind", ["browser", "app"])
def test_the_button_stops_ends_tells_and_calls_the_desk(kind: str) -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    device = app_of(mio)
    subject = browser_of(mio) if kind == "browser" else device
    before = User.objects.values("email", "password", "phone").get(pk=mio.user.pk)

    browser = anonymous_client()
    page = browser.post(link(subject, mio.email), NOT_ME)

    assert "0120-000-000" in page.content.decode()
    assert "_auth_user_id" not in browser.session
    (stop,) = stops(mio)
    assert (stop.scope, stop.channel, stop.reason_code) == ("all", "undo_link", "takeover")
    assert client.get(reverse("accounts:security")).status_code == 302
    device.refresh_from_db()
    assert device.revoked_at is not None
    assert not SignIn.objects.filter(user=mio.user, ended_at=None).exists()
    assert User.objects.values("email", "password", "phone").get(pk=mio.user.pk) == before
    case = Case.objects.get(customer=mio.user)
    assert (case.queue, case.state) == ("sign_in_reported", "open")
    report = AccountReport.objects.get(user=mio.user)
    assert (report.address, report.sign_in_id or report.device_id) == (mio.email, subject.pk)
    stopped = next(m for m in mails_to(mio.email) if m.subject == "Your wallet was stopped")
    assert browser.defaults["REMOTE_ADDR"] in str(stopped.body)


@pytest.mark.requirement(28)
def test_used_again_it_does_nothing_new() -> None:
    mio = make_customer("mio")
    subject = browser_of(mio)
    press(link(subject, mio.email))
    owed = Event.objects.filter(user_id=mio.user.pk).count()
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert "reported before" in press(link(subject, mio.email)).content.decode()
    assert len(stops(mio)) == 1
    assert Event.objects.filter(user_id=mio.user.pk).count() == owed
    assert b"reported already" in anonymous_client().get(link(subject, mio.email)).content


@pytest.mark.requirement(28)
def test_a_link_that_is_cut_forged_foreign_or_too_old_stops_nobody() -> None:
    mio = make_customer("mio")
    path = link(browser_of(mio), mio.email)
    token = path.removeprefix("/undo/sign-in/").rstrip("/")
    for bad in (token[:-1], token[:20], "x", token + "A", token.swapcase()):
        assert press(f"/undo/sign-in/{bad}/").status_code == 410
    assert press(link(browser_of(mio), make_customer("ken").email)).status_code == 410
    assert press(f"/undo/{token}/").status_code == 410, "not the undo link of a change"
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert press(path).status_code == 410
    assert not stops(mio)


@pytest.mark.requirement(28)
def test_the_address_that_a_thief_replaced_still_stops_and_the_thiefs_own_does_not() -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")
    old = mio.email
    with recorded(Actor(kind="customer", network="203.0.113.9")):
        User.objects.filter(pk=mio.user.pk).update(email=thief)
    change = CredentialChange.objects.get(user=mio.user, kind="email_changed")
    subject = browser_of(mio)
    owner_link = link(subject, old)
    thief_link = link(subject, thief)
    assert anonymous_client().get(owner_link).status_code == 200
    undo = next(str(m.body) for m in mails_to(old) if "/undo/" in str(m.body))
    press("/undo/" + undo.partition("/undo/")[2].split()[0])
    assert change.undo.restored == ["email"]
    assert anonymous_client().get(thief_link).status_code == 410
    assert anonymous_client().get(owner_link).status_code == 200


def test_a_report_stays_as_it_is(application_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    press(link(browser_of(mio), mio.email))
    assert last_mail_to(mio.email)
    for text in (
        "UPDATE accounts_accountreport SET address = 'x@example.com' WHERE user_id = %s",
        "DELETE FROM accounts_accountreport WHERE user_id = %s",
    ):
        with pytest.raises(psycopg.Error):
            application_connection.execute(text, [mio.user.pk])
    assert AccountReport.objects.get(user=mio.user).address == mio.email
