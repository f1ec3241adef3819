"""The lock that works without signing in: whoever reads a mailbox on file can stop the account, and do nothing else."""

from __future__ import annotations

import re
from datetime import timedelta

import psycopg
import pytest
from django.core import mail
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AccountReport, LockRequest, NoticeAddress, SignIn, Suspension, User
from accounts.undo_links import undo_url
from support.models import Case
from tests.accounts.mails import code_in, last_mail_to, mails_to
from tests.people import Person, anonymous_client, fresh_email, make_customer, make_staff, signed_in_client
from wallet_site.actor import Actor
from wallet_site.outbox.models import Priority
from wallet_site.outbox.relay import relay
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

ASK, CODE = reverse("accounts:lock"), reverse("accounts:lock_code")
SUBJECT = "Your code to lock your wallet"


def asked(email: str) -> Client:
    """A stranger's browser in which the lock of `email` was asked for."""
    client = anonymous_client()
    answer = client.post(ASK, {"email": email})
    assert answer["Location"] == CODE
    return client


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


def is_stopped(person: Person) -> bool:
    return Suspension.objects.filter(user=person.user, scope="all", lifted_at=None).exists()


def got_code(address: str) -> bool:
    return any(one.subject == SUBJECT for one in mails_to(address))


def taken_over(person: Person) -> str:
    """A thief has put his address in the place of the owner's."""
    thief = fresh_email("thief")
    with recorded(Actor(kind="customer", user_id=person.user.pk)):
        User.objects.filter(pk=person.user.pk).update(email=thief)
    return thief


@pytest.mark.requirement(28, 31, 34)
def test_the_code_from_any_address_stops_everything_and_calls_the_desk() -> None:
    mio, second = make_customer("mio"), fresh_email("second")
    NoticeAddress.objects.create(user=mio.user, email=second)
    signed_in = signed_in_client(mio)
    client = asked(mio.email)
    code = code_in(last_mail_to(mio.email))
    assert code_in(last_mail_to(second)) == code

    page = client.post(CODE, {"code": f"{code[:4]} {code[4:]}"})

    assert "0120-000-000" in page.content.decode()
    assert "_auth_user_id" not in client.session
    (stop,) = Suspension.objects.filter(user=mio.user, lifted_at=None)
    assert (stop.scope, stop.channel, stop.reason_code) == ("all", "lock", "customer_asked")
    assert not SignIn.objects.filter(user=mio.user, ended_at=None).exists()
    assert signed_in.get(reverse("accounts:security")).status_code == 302
    report = AccountReport.objects.get(user=mio.user)
    assert (report.kind, report.address) == ("lock", mio.email)
    assert (report.actor["kind"], report.actor["name"]) == ("system", "lock")
    assert Case.objects.get(customer=mio.user).queue == "locked"
    for address in (mio.email, second):
        assert last_mail_to(address).subject == "Your wallet was stopped"


@pytest.mark.requirement(28)
def test_whose_address_a_thief_has_replaced_can_still_stop_him() -> None:
    mio = make_customer("mio")
    thief = taken_over(mio)
    client = asked(mio.email)
    client.post(CODE, {"code": code_in(last_mail_to(mio.email))})
    assert is_stopped(mio)
    assert last_mail_to(thief).subject == "Your wallet was stopped"


@pytest.mark.requirement(28)
def test_an_address_that_an_undo_took_away_gets_no_code() -> None:
    mio = make_customer("mio")
    thief = taken_over(mio)
    change = mio.user.credential_changes.filter(kind="email_changed").latest("pk")
    path = undo_url(change, mio.email).partition("/undo/")
    anonymous_client().post(path[1] + path[2], {"not_me": "on"})
    asked(thief)
    assert got_code(mio.email)
    assert not got_code(thief)


@pytest.mark.requirement(28)
def test_a_code_that_is_wrong_late_used_or_tried_too_often_stops_nobody() -> None:
    mio = make_customer("mio")
    client = asked(mio.email)
    code = code_in(last_mail_to(mio.email))
    for given in (wrong(code), "", "abc", code[:7]):
        assert b'role="alert"' in client.post(CODE, {"code": given}).content
    LockRequest.objects.filter(address=mio.email).update(expires_at=F("created_at"))
    client.post(CODE, {"code": code})
    LockRequest.objects.filter(address=mio.email).update(
        expires_at=F("created_at") + timedelta(minutes=15), code_tries=5
    )
    client.post(CODE, {"code": code})
    assert not is_stopped(mio)
    LockRequest.objects.filter(address=mio.email).update(code_tries=4)
    client.post(CODE, {"code": code})
    assert is_stopped(mio)
    again = asked(mio.email)
    again.post(CODE, {"code": code})
    assert AccountReport.objects.filter(user=mio.user).count() == 1


@pytest.mark.requirement(28)
def test_a_code_of_one_account_or_browser_is_worth_nothing_for_another() -> None:
    mio, ken, shared = make_customer("mio"), make_customer("ken", language="en"), fresh_email("family")
    for person in (mio, ken):
        NoticeAddress.objects.create(user=person.user, email=shared)
    other = asked(ken.email)
    mios = code_in(last_mail_to(mio.email)) if asked(mio.email) else ""
    other.post(CODE, {"code": mios})
    assert not is_stopped(mio)
    assert not is_stopped(ken)
    client = asked(shared)
    at_shared = str(last_mail_to(shared).body)
    mios = code_in(last_mail_to(mio.email))
    assert ken.user.customer_number not in str(last_mail_to(mio.email).body)
    assert f"{mio.user.full_name}, {mio.user.customer_number}: {mios}" in at_shared
    assert (
        f"{ken.user.full_name}, {ken.user.customer_number}: {code_in(last_mail_to(ken.email))}" in at_shared
    )
    assert code_in(last_mail_to(ken.email)) != mios
    client.post(CODE, {"code": mios})
    assert is_stopped(mio)
    assert not is_stopped(ken)


@pytest.mark.requirement(5)
def test_nothing_tells_whether_an_account_exists() -> None:
    mio, rin = make_customer("mio"), make_staff("rin", language="en")
    seen = []
    for email in (mio.email, fresh_email("nobody"), rin.email):
        client = anonymous_client()
        with CaptureQueriesContext(connection) as queries:
            answers = [client.post(ASK, {"email": email}), client.get(CODE)]
            answers.append(client.post(CODE, {"code": "00000000"}))
        asks = [client.post(ASK, {"email": email}).status_code for _try in range(3)]
        bodies = [re.sub(r'value="[^"]{64}"', "", one.content.decode()) for one in answers]
        work = [query["sql"].split(" (")[0].split("'")[0] for query in queries]
        seen.append(([one.status_code for one in answers], asks, bodies, work))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][1] == [302, 302, 429]
    relay(Priority.SECURITY)
    assert not got_code(rin.email)


@pytest.mark.requirement(20, 22)
@pytest.mark.parametrize(
    "body",
    [
        {"email": ["{victim}", "{thief}"]},
        {"email": "{victim},{thief}"},
        {"email": "{victim}\nBcc: {thief}"},
        {"email": "{victim}", "to": "{thief}", "address": "{thief}"},
        {"email[]": ["{victim}", "{thief}"]},
    ],
)
def test_no_parameter_or_header_changes_who_gets_the_code(body: dict[str, object]) -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")

    def filled(value: object) -> object:
        if isinstance(value, list):
            return [filled(one) for one in value]
        return str(value).format(victim=mio.email, thief=thief)

    headers = {"X-Forwarded-Host": "evil.example"}
    anonymous_client().post(ASK, {key: filled(value) for key, value in body.items()}, headers=headers)
    relay(Priority.SECURITY)
    for one in mail.outbox:
        assert thief not in str(one.message())
        assert "evil.example" not in str(one.message())


def test_the_mail_speaks_the_owners_language_and_opens_nothing() -> None:
    for name, said in (("aya", "ロック"), ("mio", "lock")):
        person = make_customer(name)
        asked(person.email)
        message = last_mail_to(person.email)
        assert said in message.subject
        body = str(message.body)
        assert "http" not in body
        assert code_in(message)


def test_the_code_page_alone_leads_to_the_asking() -> None:
    assert anonymous_client().get(CODE)["Location"] == ASK
    assert anonymous_client().post(CODE, {"code": "12345678"})["Location"] == ASK


def test_no_code_lies_in_the_database(application_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    asked(mio.email)
    code = code_in(last_mail_to(mio.email))
    for table in ("accounts_lockrequest", "outbox_event", "outbox_delivery"):
        found = application_connection.execute(
            f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", [f"%{code}%"]
        ).fetchone()
        assert found == (0,)
