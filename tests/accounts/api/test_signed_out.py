"""A new password and the lock from an app on which nobody is signed in."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.core import mail

from accounts.models import PasswordReset, Suspension
from tests.accounts.mails import code_in, last_mail_to, link_in
from tests.api_client import Answer, Phone
from tests.authenticator import with_passkey
from tests.people import PASSWORD, fresh_email, make_customer, totp_now, wrong_code
from wallet_site.outbox.models import Priority
from wallet_site.outbox.relay import relay

pytestmark = pytest.mark.django_db(transaction=True)

RESET, FINISH = "/api/v1/password-reset", "/api/v1/password-reset/finish"
PASSKEY = "/api/v1/password-reset/passkey"
LOCK, CONFIRM = "/api/v1/lock", "/api/v1/lock/confirm"
NEW_PASSWORD = "seven lanterns on a bridge"


def post(path: str, body: object, **options: object) -> Answer:
    return Phone().post(path, body, token="", idempotency_key=None, **options)


@pytest.mark.requirement(21, 31, 37)
def test_link_and_factor_together_set_a_password() -> None:
    mio = make_customer("mio")
    other = Phone.signed_in(mio)
    assert post(RESET, {"email": mio.email}).json() == {"expires_in": 900}
    token = link_in(last_mail_to(mio.email), "/reset/link/").split("/")[-2]

    def finish(code: str, password: str = NEW_PASSWORD, link: str = token) -> Answer:
        return post(FINISH, {"token": link, "code": code, "new_password": password})

    refusals = [
        finish(wrong_code(mio)),
        finish(totp_now(mio), "password1234"),
        finish(totp_now(mio), link=token[:-1]),
    ]
    assert [one.code for one in refusals] == ["wrong-code", "invalid-input", "link-over"]
    assert refusals[1].json()["errors"][0]["pointer"] == "/new_password"
    assert finish(totp_now(mio)).status == 204
    assert finish(totp_now(mio)).code == "link-over"
    mio.user.refresh_from_db()
    assert mio.user.check_password(NEW_PASSWORD)
    assert other.get("/api/v1/me").status == 401


@pytest.mark.requirement(21, 37)
def test_a_passkey_proves_the_factor_of_a_reset_to_the_key_that_asked() -> None:
    mio = make_customer("mio")
    _passkey, device = with_passkey(mio)
    assert post(RESET, {"email": mio.email}).status == 202
    token = link_in(last_mail_to(mio.email), "/reset/link/").split("/")[-2]
    phone, other = Phone(), Phone()

    def ask(by: Phone) -> dict[str, Any]:
        asked: dict[str, Any] = by.post(PASSKEY, {"token": token}, token="", idempotency_key=None).json()
        return {"ceremony": asked["ceremony"], "credential": device.get(asked["options"])}

    def finish(by: Phone, proof: dict[str, Any]) -> Answer:
        body = {"token": token, "new_password": NEW_PASSWORD} | proof
        return by.post(FINISH, body, token="", idempotency_key=None)

    proof = ask(phone)
    assert finish(other, proof).code == "passkey-over"
    assert finish(phone, proof | {"code": "123456"}).code == "invalid-input"
    mio.user.refresh_from_db()
    assert mio.user.check_password(PASSWORD)
    assert finish(phone, proof).status == 204
    mio.user.refresh_from_db()
    assert mio.user.check_password(NEW_PASSWORD)
    assert post(PASSKEY, {"token": token}).code == "link-over"


@pytest.mark.requirement(5, 20)
@pytest.mark.parametrize("path", [RESET, LOCK])
def test_every_address_gets_one_answer_and_no_further_field_is_taken(path: str) -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")
    known, unknown = post(path, {"email": mio.email}), post(path, {"email": thief})
    assert (known.status, unknown.status) == (202, 202)
    assert set(known.json()) == set(unknown.json())
    tricks = [
        {"email": [mio.email, thief]},
        {"email": {"$ne": ""}},
        {"email": mio.email, "to": thief},
        {"email": mio.email, "emails": [thief]},
        {"email": f"{mio.email},{thief}"},
        {"email": f"{mio.email}\r\nBcc: {thief}"},
        [mio.email, thief],
        None,
    ]
    assert {post(path, body).status for body in tricks} <= {400, 422}
    relay(Priority.SECURITY)
    assert not any(thief in str(one.message()) for one in mail.outbox)
    assert PasswordReset.objects.filter(user=mio.user).count() == (path == RESET)


@pytest.mark.requirement(20, 22)
@pytest.mark.parametrize("path", [RESET, LOCK, "/api/v1/recovery/ask", "/api/v1/sign-up"])
def test_no_header_and_no_shape_bends_a_request_without_a_token(path: str) -> None:
    """Neither where the mail goes nor what its link begins with."""
    mio, evil = make_customer("mio"), "evil.example"
    more = {"language": "en"} if path.endswith("sign-up") else {}
    names = (
        "X-Forwarded-Host",
        "X-Forwarded-Server",
        "Forwarded",
        "X-Host",
        "X-Original-URL",
        "X-HTTP-Method-Override",
    )
    headers = {name: f"host={evil}" if name == "Forwarded" else evil for name in names}
    assert post(path, {"email": mio.email} | more, headers=headers).status == 202
    assert post(path, {"email": mio.email} | more, headers={"Host": evil}).status == 400
    doubled = f'{{"email": "{mio.email}", "language": "en", "email": "thief@{evil}"}}'.encode()
    queried = post(f"{path}?email=thief@{evil}", {"email": mio.email} | more)
    assert (post(path, doubled).code, queried.status) == ("unreadable-body", 202)
    forms = [
        (f"email={mio.email}&email=thief@{evil}".encode(), "application/x-www-form-urlencoded"),
        (json.dumps({"email": mio.email} | more).encode(), "text/plain"),
        (b"[]", "application/json"),
    ]
    for body, kind in forms:
        assert post(path, body, headers={"Content-Type": kind}).status in (400, 415), kind
    relay(Priority.SECURITY)
    said = [f"{one.to} {one.extra_headers} {one.body} {one.alternatives}" for one in mail.outbox]
    assert not any(evil in one for one in said)
    links = [
        link for one in said for link in re.findall(r"https?://[^/\s\"\\<]+", one) if "w3.org" not in link
    ]
    assert set(links) <= {settings.PUBLIC_URL}


@pytest.mark.requirement(28, 34)
def test_the_code_stops_the_account() -> None:
    mio = make_customer("mio")
    app = Phone.signed_in(mio)
    asked = post(LOCK, {"email": mio.email}).json()
    code = code_in(last_mail_to(mio.email))
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    refused = post(CONFIRM, {"lock_id": asked["lock_id"], "code": wrong})
    assert (refused.status, refused.code) == (422, "wrong-mail-code")
    assert app.get("/api/v1/me").status == 200
    assert post(CONFIRM, {"lock_id": asked["lock_id"], "code": code}).status == 204
    assert Suspension.objects.get(user=mio.user).channel == "lock"
    assert app.get("/api/v1/me").status == 401
    assert post(CONFIRM, {"lock_id": asked["lock_id"], "code": code}).code == "wrong-mail-code"
