"""An app opens an account: nothing exists before everything is proven, and no answer tells who is a customer."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from accounts.models import SignUp, User
from tests.accounts.mails import code_in, last_mail_to, mails_to
from tests.accounts.recovering import opens_with
from tests.api_client import Answer, Phone
from tests.authenticator import Authenticator
from tests.people import PASSWORD, Person, fresh_email, make_customer, totp_code
from wallet_site.outbox.models import Priority
from wallet_site.outbox.relay import relay

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def post(phone: Phone, step: str, body: Any, **options: Any) -> Answer:
    return phone.post(f"/api/v1/sign-up{step}", body, token="", idempotency_key=None, **options)


def begin(phone: Phone, email: str) -> dict[str, str]:
    answer = post(phone, "", {"email": email, "language": "en"})
    assert answer.status == 202, answer.content
    return {"sign_up_session": answer.json()["sign_up_session"]}


@pytest.mark.requirement(7, 35)
def test_address_person_app_and_codes_open_an_account_with_tokens() -> None:
    phone, email = Phone(), fresh_email("hana")
    session = begin(phone, email)
    person = session | {"full_name": "加藤 花", "password": PASSWORD}
    code = code_in(last_mail_to(email))
    assert post(phone, "/person", person).code == "sign-up-over", "the address is not proven"
    assert post(Phone(), "/code", session | {"code": code}).code == "sign-up-over", "another key"
    assert post(phone, "/code", session | {"code": "00000000"}).code == "wrong-mail-code"
    assert post(phone, "/code/again", session).status == 202
    assert post(phone, "/code", session | {"code": code}).code == "wrong-mail-code", "the one before is dead"
    assert post(phone, "/code", session | {"code": code_in(last_mail_to(email))}).status == 204
    weak = post(phone, "/person", person | {"password": "password1234"})
    assert {one["pointer"] for one in weak.json()["errors"]} == {"/password"}
    assert post(phone, "/app", session | {"code": "123456"}).code == "sign-up-over", "no password yet"
    seed = post(phone, "/person", person).json()["seed"]
    finish = session | {"device_name": "Hana's phone"}
    assert post(phone, "/finish", finish).code == "sign-up-over", "no factor yet"
    assert post(phone, "/app", session | {"code": "000000"}).code == "wrong-code"
    shown = post(phone, "/app", session | {"code": totp_code(seed)}).json()
    assert not User.objects.filter(email=email).exists()
    opened = post(phone, "/finish", finish)
    assert opened.status == 201, opened.content
    assert post(phone, "/finish", finish).code == "sign-up-over"
    phone.access_token, phone.refresh_token = opened.json()["access_token"], opened.json()["refresh_token"]
    me = phone.get("/api/v1/me").json()
    assert (me["email"], me["full_name"], me["language"]) == (email, "加藤 花", "en")
    assert phone.get("/api/v1/wallet").json()["balance"] == 0
    hana = Person(User.objects.get(email=email), PASSWORD, seed, shown["recovery_codes"])
    assert phone.refresh().status == 200
    assert opens_with(hana, shown["recovery_codes"][0])
    assert any("Your account is open" in one.subject for one in mails_to(email))


@pytest.mark.requirement(7, 8)
def test_a_passkey_takes_the_place_of_the_app() -> None:
    phone, device, email = Phone(), Authenticator(), fresh_email("hana")
    session = begin(phone, email)
    asking = post(phone, "/passkey/options", session)
    assert asking.code == "sign-up-over", "the address is not proven"
    assert post(phone, "/code", session | {"code": code_in(last_mail_to(email))}).status == 204
    assert post(phone, "/passkey/options", session).code == "sign-up-over", "no password yet"
    assert post(phone, "/person", session | {"full_name": "加藤 花", "password": PASSWORD}).status == 200
    assert post(Phone(), "/passkey/options", session).code == "sign-up-over", "another key"
    asked = post(phone, "/passkey/options", session).json()
    answer = session | {"ceremony": asked["ceremony"], "credential": device.create(asked["options"])}
    assert post(phone, "/passkey", answer | {"credential": "{}"}).code == "wrong-passkey"
    assert post(phone, "/passkey", answer).code == "passkey-over", "a question is good for one try"
    asked = post(phone, "/passkey/options", session).json()
    answer = session | {"ceremony": asked["ceremony"], "credential": device.create(asked["options"])}
    shown = post(phone, "/passkey", answer).json()
    assert len(shown["recovery_codes"]) == 10
    assert not User.objects.filter(email=email).exists()
    opened = post(phone, "/finish", session | {"device_name": "Hana's phone"})
    assert opened.status == 201, opened.content
    user = User.objects.get(email=email)
    assert (user.passkeys.count(), user.totp_devices.count()) == (1, 0)
    phone.access_token = opened.json()["access_token"]
    assert [one["method"] for one in phone.get("/api/v1/me/factors").json()] == ["passkey"]


@pytest.mark.requirement(5)
def test_an_address_that_has_an_account_gets_the_same_answers() -> None:
    aya, new = make_customer("aya"), fresh_email("new")
    answers = []
    for email in (aya.email, new):
        phone = Phone()
        first = post(phone, "", {"email": email, "language": "ja"})
        session = {"sign_up_session": first.json()["sign_up_session"]}
        refused = post(phone, "/code", session | {"code": "12345678"})
        resent = post(phone, "/code/again", session)
        answers.append((first.status, first.json()["expires_in"], refused.content, resent.status))
    assert answers[0] == answers[1]
    relay(Priority.SECURITY)
    assert not any("@@" in str(one.body) for one in mails_to(aya.email))
    assert SignUp.objects.get(email=aya.email).code_digest is None


@pytest.mark.requirement(20, 22)
def test_no_shape_and_no_header_sends_the_code_elsewhere() -> None:
    phone, email, thief = Phone(), fresh_email("hana"), fresh_email("thief")
    tricks: list[Any] = [
        {"email": [email, thief], "language": "en"},
        {"email": {"address": thief}, "language": "en"},
        {"email": email, "language": "en", "to": thief},
        {"email": email, "language": "en", "email_confirmed_at": "2026-01-01T00:00:00Z"},
        {"email": f"{email},{thief}", "language": "en"},
        {"email": f"{email}\r\nBcc: {thief}", "language": "en"},
        {"email": email.replace("a", "а"), "language": "en"},  # a Cyrillic twin
        {"email": email, "language": ["en"]},
        {"email": email, "language": "fr"},
        f'{{"email": "{email}", "language": "en", "email": "{thief}"}}'.encode(),
        [email, thief],
    ]
    assert {post(phone, "", body).status for body in tricks} <= {400, 422}
    # The till of tries stays free for what follows.
    honest = {"email": email, "language": "en"}
    for header in ("X-Forwarded-Host", "Forwarded", "X-Original-Host", "X-Forwarded-For", "X-Real-IP"):
        assert post(Phone(), "", honest, headers={header: "evil.example"}).status in (202, 429)
    assert post(Phone(), "", honest, headers={"Host": "evil.example"}).status == 400
    relay(Priority.SECURITY)
    said = [str(one.message()) for one in mail.outbox]
    assert said
    assert not any(thief in one or "evil.example" in one for one in said)
