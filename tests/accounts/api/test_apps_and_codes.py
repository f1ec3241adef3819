"""Authenticator apps and recovery codes from the wallet's app: after a fresh proof only, each seed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import F

from accounts.models import ApiDevice, TotpDevice
from tests.accounts.mails import mails_to
from tests.accounts.recovering import opens_with
from tests.api_client import Answer, Phone
from tests.people import make_customer, totp_code

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]

APPS, KEY, CODES = (f"/api/v1/me/factors/{path}" for path in ("apps", "apps/key", "recovery-codes"))


def post(phone: Phone, path: str, body: object = None) -> Answer:
    return phone.post(path, body, idempotency_key=None)


def age(phone: Phone) -> None:
    """As if the second factor had been proven six minutes ago."""
    ApiDevice.objects.filter(public_id=phone.device_id).update(
        verified_at=F("verified_at") - timedelta(minutes=6)
    )


@pytest.mark.requirement(12, 14, 36)
def test_an_app_is_bound_by_its_first_code_after_a_fresh_proof() -> None:
    mio = make_customer("mio")
    phone, other = Phone.signed_in(mio), Phone.signed_in(mio)
    key = post(phone, KEY).json()
    assert key["seed"] in key["uri"]
    assert key["seed"] not in key["enrolment"]
    age(phone)
    body = {"enrolment": key["enrolment"], "code": totp_code(key["seed"]), "name": "Tablet"}
    assert {post(phone, KEY).code, post(phone, APPS, body).code} == {"step-up-required"}
    assert phone.step_up(mio).status == 200
    assert post(other, APPS, body).code == "enrolment-over", "begun on another device"
    wrong = post(phone, APPS, body | {"code": "000000"})
    assert (wrong.code, wrong.json()["errors"][0]["pointer"]) == ("wrong-code", "/code")
    assert post(phone, APPS, body | {"name": "<b>"}).code == "invalid-input"
    assert post(phone, APPS, body | {"enrolment": key["enrolment"][:-4]}).code == "enrolment-over"
    assert TotpDevice.objects.filter(user=mio.user).count() == 1
    made = post(phone, APPS, body)
    assert (made.status, made.json()["method"], made.json()["name"]) == (201, "totp", "Tablet")
    assert post(phone, APPS, body).code == "app-known"
    assert TotpDevice.objects.get(public_id=made.json()["id"]).seed == key["seed"]
    assert phone.get("/api/v1/me").status == 200
    assert other.get("/api/v1/me").status == 401, "everything else is signed out"
    assert mails_to(mio.email)[-1].subject == "An authenticator app was added to your account"


@pytest.mark.requirement(12)
def test_one_key_finished_twelve_times_at_once_is_one_app() -> None:
    mio = make_customer("mio")
    phone = Phone.signed_in(mio)
    key = post(phone, KEY).json()
    body = {"enrolment": key["enrolment"], "code": totp_code(key["seed"]), "name": "Tablet"}

    def finish(_n: int) -> str:
        try:
            runner = Phone(key=phone.key, access_token=phone.access_token)
            return post(runner, APPS, body).code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(finish, range(12)))
    assert answers == [""] + ["app-known"] * 11
    assert TotpDevice.objects.filter(user=mio.user).count() == 2


@pytest.mark.requirement(10, 12, 36)
def test_recovery_codes_are_counted_and_renewed_and_shown_once() -> None:
    mio = make_customer("mio")
    phone = Phone.signed_in(mio)
    opens_with(mio, mio.recovery_codes[0])
    before = phone.get(CODES).json()
    assert (before["left"], before["are_few"]) == (9, False)
    age(phone)
    assert post(phone, CODES).code == "step-up-required"
    assert phone.get(CODES).json() == before
    assert phone.step_up(mio).status == 200
    renewed = post(phone, CODES)
    assert "no-store" in renewed.headers["cache-control"]
    codes = renewed.json()["recovery_codes"]
    assert (renewed.status, len(set(codes))) == (201, 10)
    assert set(phone.get(CODES).json()) == {"left", "made_at", "are_few"}
    assert phone.get(CODES).json()["left"] == 10
    assert not opens_with(mio, mio.recovery_codes[1])
    assert opens_with(mio, codes[0])
    assert any(one.subject == "New recovery codes were made for your account" for one in mails_to(mio.email))
