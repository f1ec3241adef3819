"""A forgotten password: the link goes to the address on file or nowhere, and is worth nothing without a factor."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actions.suspensions import suspend
from accounts.models import FactorGuesses, PasswordReset, SignIn
from accounts.two_factor.codes import GUESSES_IN_A_ROW
from tests.accounts.mails import last_mail_to, link_in, mails_to
from tests.accounts.passkey_pages import ask, use
from tests.authenticator import with_passkey
from tests.people import (
    PASSWORD,
    Person,
    anonymous_client,
    fresh_email,
    make_customer,
    signed_in_client,
    totp_now,
    wrong_code,
)
from wallet_site.actor import Actor
from wallet_site.outbox.models import Priority
from wallet_site.outbox.relay import relay
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

ASK, NEW = reverse("accounts:reset"), reverse("accounts:reset_password")
NEW_PASSWORD = "seven lanterns on a bridge"


def link_for(person: Person) -> str:
    anonymous_client().post(ASK, {"email": person.email})
    return link_in(last_mail_to(person.email), "/reset/link/")


def opened(person: Person) -> Client:
    client = anonymous_client()
    client.get(link_for(person))
    return client


def finish(client: Client, code: str, password: str = NEW_PASSWORD):
    return client.post(NEW, {"new_password": password, "code": code})


def password_of(person: Person) -> str:
    person.user.refresh_from_db()
    return next(one for one in (PASSWORD, NEW_PASSWORD, "") if not one or person.user.check_password(one))


@pytest.mark.requirement(21)
@pytest.mark.requirement(24)
@pytest.mark.requirement(31)
def test_link_factor_and_password_together_set_it_and_end_everything() -> None:
    mio = make_customer("mio")
    signed_in = signed_in_client(mio)
    client = opened(mio)
    answer = finish(client, totp_now(mio))
    assert answer["Location"] == reverse("accounts:sign_in")
    assert password_of(mio) == NEW_PASSWORD
    assert signed_in.get(reverse("accounts:security")).status_code == 302
    assert client.get(reverse("accounts:security")).status_code == 302
    assert not SignIn.objects.filter(user=mio.user, ended_at=None).exists()
    assert last_mail_to(mio.email).subject == "Your password was changed"


@pytest.mark.requirement(21)
def test_the_token_leaves_the_address_bar_at_once() -> None:
    mio = make_customer("mio")
    link = link_for(mio)
    token = link.split("/")[-2]
    client = anonymous_client()
    answer = client.get(link)
    assert answer["Location"] == NEW
    page = client.get(NEW)
    assert token not in page.content.decode()
    assert page["Referrer-Policy"] in ("no-referrer", "strict-origin")
    assert token not in json.dumps(dict(client.session.items()))
    stored = PasswordReset.objects.get(user=mio.user)
    assert token.encode() not in bytes(stored.token_digest)


@pytest.mark.requirement(21)
def test_without_the_second_factor_nothing_changes() -> None:
    mio = make_customer("mio")
    client = opened(mio)
    for code in ("", wrong_code(mio)):
        assert finish(client, code).status_code == 200
        assert password_of(mio) == PASSWORD
    assert finish(client, totp_now(mio)).status_code == 302


@pytest.mark.requirement(16, 21)
def test_a_passkey_is_the_second_factor_also_where_codes_no_longer_count() -> None:
    mio = make_customer("mio")
    _passkey, phone = with_passkey(mio)
    FactorGuesses.objects.create(user=mio.user, in_a_row=GUESSES_IN_A_ROW)
    signed_in = signed_in_client(mio)
    client = opened(mio)
    assert "Set it with your passkey" in client.get(NEW).content.decode()
    assert finish(client, totp_now(mio)).status_code == 403
    assert use(client, phone, NEW, new_password="password1234").status_code == 200
    assert password_of(mio) == PASSWORD
    answer = use(client, phone, NEW, new_password=NEW_PASSWORD)
    assert answer["Location"] == reverse("accounts:sign_in")
    assert password_of(mio) == NEW_PASSWORD
    assert signed_in.get(reverse("accounts:security")).status_code == 302
    assert client.get(reverse("accounts:security")).status_code == 302, "a reset signs nobody in"
    assert last_mail_to(mio.email).subject == "Your password was changed"


@pytest.mark.requirement(18, 21)
def test_a_passkeys_answer_counts_for_this_link_this_browser_and_this_person_alone() -> None:
    mio, ken = make_customer("mio"), make_customer("ken")
    _passkey, phone = with_passkey(mio)
    _other, kens = with_passkey(ken)
    link, client, same_link = link_for(mio), anonymous_client(), anonymous_client()
    client.get(link)
    same_link.get(link)
    elsewhere, of_ken = opened(mio), opened(ken)
    sign_in = ask(anonymous_client(), reverse("accounts:sign_in"), passkey_alone="yes")
    foreign = [ask(same_link, NEW), ask(elsewhere, NEW), ask(of_ken, NEW), sign_in]
    given = [{"ceremony": one["ceremony"], "credential": phone.get(one["options"])} for one in foreign]
    own = ask(client, NEW)
    given.append({"ceremony": own["ceremony"], "credential": kens.get(own["options"])})
    given.append({"ceremony": ask(client, NEW)["ceremony"], "credential": "{}"})
    for answer in given:
        assert client.post(NEW, {"new_password": NEW_PASSWORD} | answer).status_code == 200
    # The same browser with another link: what was signed for the one is worth nothing for the other.
    first = ask(client, NEW)
    client.get(link_for(mio))
    signed = {"ceremony": first["ceremony"], "credential": phone.get(first["options"])}
    assert client.post(NEW, {"new_password": NEW_PASSWORD} | signed).status_code == 200
    assert password_of(mio) == PASSWORD
    told = [m for m in mails_to(mio.email) if "wrong" in m.subject.lower() or "second" in m.subject.lower()]
    assert len(told) == 1, "who held the link and failed: once"


@pytest.mark.requirement(21)
def test_somebody_without_a_factor_cannot_finish() -> None:
    nobody = make_customer("nobody")
    client = opened(nobody)
    assert finish(client, "000000").status_code == 200
    assert password_of(nobody) == PASSWORD


@pytest.mark.requirement(21)
def test_a_link_works_once_and_fifteen_minutes() -> None:
    mio = make_customer("mio")
    link = link_for(mio)
    one, other = anonymous_client(), anonymous_client()
    one.get(link)
    other.get(link)
    finish(one, totp_now(mio))
    assert finish(other, totp_now(mio), "another quiet harbour").status_code == 410
    assert password_of(mio) == NEW_PASSWORD
    late = opened(mio)
    PasswordReset.objects.filter(user=mio.user).update(expires_at=F("created_at") - timedelta(seconds=1))
    assert late.get(NEW).status_code == 410


@pytest.mark.requirement(21)
def test_any_credential_change_kills_the_link() -> None:
    mio = make_customer("mio")
    client = opened(mio)
    with recorded(Actor.system("tests")):
        mio.user.phone = "+819012345678"
        mio.user.save(update_fields=["phone"])
    assert client.get(NEW).status_code == 410
    assert finish(client, totp_now(mio)).status_code == 410
    assert password_of(mio) == PASSWORD


def test_a_recovery_code_proves_the_factor_without_killing_its_own_link() -> None:
    mio = make_customer("mio")
    client = opened(mio)
    assert finish(client, mio.recovery_codes[0]).status_code == 302
    assert password_of(mio) == NEW_PASSWORD


@pytest.mark.requirement(20)
@pytest.mark.parametrize(
    "extra",
    [
        {"email": ["{victim}", "{thief}"]},
        {"email": ["{thief}", "{victim}"]},
        {"email": "{victim},{thief}"},
        {"email": "{victim} {thief}"},
        {"email": "{victim}\nBcc: {thief}"},
        {"email": "{victim}\r\nTo: {thief}"},
        {"email": "{victim}%0abcc:{thief}"},
        {"email": "{victim}", "email2": "{thief}", "to": "{thief}", "cc": "{thief}", "send_to": "{thief}"},
        {"email[]": ["{victim}", "{thief}"]},
        {"email": "{victim}", "email[0]": "{thief}", "new_email": "{thief}", "user": "{thief}"},
    ],
)
def test_no_parameter_changes_who_gets_the_link(extra: dict[str, object]) -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")

    def filled(value: object) -> object:
        if isinstance(value, list):
            return [filled(one) for one in value]
        return str(value).format(victim=mio.email, thief=thief)

    anonymous_client().post(ASK, {key: filled(value) for key, value in extra.items()})
    relay(Priority.SECURITY)
    assert not any(thief in " ".join(m.recipients()) or thief in str(m.message()) for m in mail.outbox)
    links = [m for m in mail.outbox if "/reset/link/" in str(m.body)]
    assert all(m.recipients() == [mio.email] for m in links)


@pytest.mark.requirement(20)
def test_json_bodies_and_queries_are_not_read() -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")
    body = json.dumps({"email": mio.email, "to": thief})
    answer = anonymous_client().post(ASK, body, content_type="application/json")
    assert answer.status_code == 200
    assert not PasswordReset.objects.filter(user=mio.user).exists()
    anonymous_client().post(f"{ASK}?email={thief}", {"email": mio.email})
    assert mails_to(thief) == []
    assert link_in(last_mail_to(mio.email), "/reset/link/")


@pytest.mark.requirement(20)
@pytest.mark.parametrize("twin", ["ı", "ⅿ", "ｍ", "м", "rn", "m.", "m\u200b", "m\u0301", "𝐦", "m%00"])
def test_unicode_twins_of_an_address_find_nobody(twin: str) -> None:
    """Neither look-alikes nor dots are folded into somebody's address: another address is another address."""
    mio = make_customer("mio")
    anonymous_client().post(ASK, {"email": mio.email.replace("mio", f"{twin}io")})
    anonymous_client().post(ASK, {"email": mio.email.replace("example", "exampIe".replace("I", twin))})
    assert not PasswordReset.objects.filter(user=mio.user).exists()


@pytest.mark.requirement(20)
def test_capitals_find_the_account_and_the_mail_goes_to_the_stored_form() -> None:
    mio = make_customer("mio")
    anonymous_client().post(ASK, {"email": mio.email.upper()})
    assert last_mail_to(mio.email).to == [mio.email]


@pytest.mark.requirement(22)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Original-Host": "evil.example", "X-Host": "evil.example", "X-Forwarded-Server": "evil.example"},
    ],
)
def test_the_links_host_comes_from_settings(headers: dict[str, str]) -> None:
    mio = make_customer("mio")
    anonymous_client().post(ASK, {"email": mio.email}, headers=headers)
    body = str(last_mail_to(mio.email).body)
    assert f"{settings.PUBLIC_URL}/reset/link/" in body
    assert "evil.example" not in body


@pytest.mark.requirement(22)
def test_another_host_is_refused() -> None:
    mio = make_customer("mio")
    answer = anonymous_client().post(ASK, {"email": mio.email}, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert not PasswordReset.objects.filter(user=mio.user).exists()


@pytest.mark.requirement(5)
def test_asking_answers_the_same_for_everybody() -> None:
    mio = make_customer("mio")
    answers = []
    for email in (mio.email, fresh_email("nobody")):
        client = anonymous_client()
        tries = [client.post(ASK, {"email": email}) for _try in range(4)]
        shown = client.get(reverse("accounts:reset_sent"))
        bodies = [
            re.sub(r'value="[^"]{64}"', "", one.content.decode()).replace(email, "X")
            for one in [*tries, shown]
        ]
        answers.append(([one.status_code for one in tries], bodies))
    assert answers[0] == answers[1]
    assert answers[0][0] == [302, 302, 302, 429]


@pytest.mark.requirement(5)
def test_asking_does_the_same_work_for_everybody() -> None:

    mio = make_customer("mio")
    counted = []
    for email in (mio.email, fresh_email("nobody")):
        client = anonymous_client()
        with CaptureQueriesContext(connection) as queries:
            client.post(ASK, {"email": email})
        counted.append([query["sql"].split(" (")[0].split("'")[0] for query in queries])
    assert counted[0] == counted[1]


def test_a_stopped_account_gets_words_and_no_link() -> None:
    mio = make_customer("mio")
    suspend(
        mio.user, scope="all", reason_code="fraud", reason="x", channel="agent", actor=Actor.system("tests")
    )
    anonymous_client().post(ASK, {"email": mio.email})
    told = [m for m in mails_to(mio.email) if m.subject == "Choose a new password"]
    assert told
    assert "/reset/link/" not in str(told[-1].body)


def test_weak_new_passwords_are_refused_before_a_code_is_burnt() -> None:
    mio = make_customer("mio")
    client = opened(mio)
    code = totp_now(mio)
    assert finish(client, code, "password1234").status_code == 200
    assert finish(client, code).status_code == 302


@pytest.mark.parametrize("token", ["x", "..%2f", "0" * 300])
def test_foreign_links_get_a_calm_page(token: str) -> None:
    client = anonymous_client()
    client.get(reverse("accounts:reset_link", args=["x"]).replace("/x/", f"/{token}/"))
    assert client.get(NEW).status_code == 410


def test_a_link_signs_nobody_out() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    client.get(reverse("accounts:reset_link", args=["whatever"]))
    assert client.get(reverse("accounts:security")).status_code == 200


def test_a_link_from_before_a_stop_sets_no_password() -> None:
    mio = make_customer("mio")
    client = opened(mio)
    suspend(
        mio.user, scope="all", reason_code="fraud", reason="x", channel="agent", actor=Actor.system("tests")
    )
    assert finish(client, totp_now(mio)).status_code == 403
    assert password_of(mio) == PASSWORD
