"""Addresses, phone number, password and the time of lower limits, from an app."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from accounts.models import ApiDevice, ContactChange, NoticeAddress, User
from tests.accounts.mails import code_in, last_mail_to, sms_code
from tests.accounts.past import changed_before, opened_earlier
from tests.api_client import Answer, Phone
from tests.people import Person, fresh_email, make_customer

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/api/v1/me/contacts"


@pytest.fixture
def mio() -> Person:
    return make_customer("mio")


@pytest.fixture
def phone(mio: Person) -> Phone:
    return Phone.signed_in(mio)


def number_of(person: Person) -> str:
    return f"+81801{person.user.pk % 10**7:07d}"


def contacts(phone: Phone) -> dict[str, Any]:
    return {one["kind"]: one for one in phone.get(PATH).json()["contacts"]}


def post(phone: Phone, path: str, body: object = None) -> Answer:
    return phone.post(path, body, idempotency_key=None)


@pytest.mark.requirement(30)
@pytest.mark.parametrize("kind", ["email", "notice_email", "phone"])
def test_a_contact_counts_by_the_code_that_went_there(mio: Person, phone: Phone, kind: str) -> None:
    value = number_of(mio) if kind == "phone" else fresh_email("new")
    typed = "0" + value[3:] if kind == "phone" else value.upper()
    before = contacts(phone)
    asked = post(phone, f"{PATH}/{kind}", {"value": typed})
    assert (asked.status, asked.json()["value"]) == (202, value)
    waiting = contacts(phone)[kind]
    assert waiting["value"] == before[kind]["value"]
    assert waiting["pending"] == asked.json()
    code = sms_code(value) if kind == "phone" else code_in(last_mail_to(value))
    confirmed = post(phone, f"{PATH}/{kind}/confirm", {"code": code})
    assert confirmed.status == 200
    assert contacts(phone)[kind] == next(one for one in confirmed.json()["contacts"] if one["kind"] == kind)
    assert contacts(phone)[kind]["value"] == value
    assert contacts(phone)[kind]["pending"] is None


@pytest.mark.requirement(31)
def test_the_app_that_made_the_change_goes_on_and_others_are_out(mio: Person, phone: Phone) -> None:
    other = Phone.signed_in(mio)
    address = fresh_email("second")
    post(phone, f"{PATH}/notice_email", {"value": address})
    post(phone, f"{PATH}/notice_email/confirm", {"code": code_in(last_mail_to(address))})
    assert phone.get(PATH).status == 200
    assert other.get(PATH).status == 401


@pytest.mark.requirement(36)
def test_a_stale_factor_is_asked_for_and_nothing_waits(mio: Person, phone: Phone) -> None:
    ApiDevice.objects.filter(user=mio.user).update(verified_at=None)
    NoticeAddress.objects.create(user=mio.user, email=fresh_email("second"))
    phone = Phone.signed_in(mio)
    ApiDevice.objects.filter(user=mio.user).update(verified_at=None)
    refusals = [
        post(phone, f"{PATH}/email", {"value": fresh_email("new")}),
        post(phone, f"{PATH}/phone", {"value": number_of(mio)}),
        post(phone, f"{PATH}/notice_email/confirm", {"code": "12345678"}),
        phone.delete(f"{PATH}/notice_email"),
        post(phone, "/api/v1/me/password", {"current_password": mio.password, "new_password": "x" * 14}),
    ]
    assert {one.code for one in refusals} == {"step-up-required"}
    assert not ContactChange.objects.filter(user=mio.user).exists()
    assert NoticeAddress.objects.filter(user=mio.user).exists()


def test_a_refusal_points_at_the_value(mio: Person, phone: Phone) -> None:
    for kind, value in (("email", "no"), ("email", mio.email), ("notice_email", mio.email), ("phone", "110")):
        refused = post(phone, f"{PATH}/{kind}", {"value": value})
        assert (refused.status, refused.json()["errors"][0]["pointer"]) == (422, "/value")


@pytest.mark.requirement(44)
def test_what_is_not_there_is_said(mio: Person, phone: Phone) -> None:
    assert post(phone, f"{PATH}/fax", {"value": "1"}).status == 404
    assert phone.delete(f"{PATH}/phone").status == 404
    assert phone.delete(f"{PATH}/email").code == "not-removable"
    assert phone.delete(f"{PATH}/email/pending").code == "no-pending-change"
    assert post(phone, f"{PATH}/email/code").code == "no-pending-change"
    assert post(phone, f"{PATH}/email/confirm", {"code": "1"}).code == "no-pending-change"
    assert User.objects.get(pk=mio.user.pk).email == mio.email


def test_what_waits_is_cancelled_and_what_is_there_removed(mio: Person, phone: Phone) -> None:
    post(phone, f"{PATH}/phone", {"value": number_of(mio)})
    assert post(phone, f"{PATH}/phone/code").status == 202
    ApiDevice.objects.filter(user=mio.user).update(verified_at=None)
    assert phone.delete(f"{PATH}/phone/pending").status == 204
    assert contacts(phone)["phone"]["pending"] is None
    ApiDevice.objects.filter(user=mio.user).update(verified_at=timezone.now())
    NoticeAddress.objects.create(user=mio.user, email=fresh_email("second"))
    phone = Phone.signed_in(mio)
    assert phone.delete(f"{PATH}/notice_email").status == 204
    assert contacts(phone)["notice_email"]["value"] is None


@pytest.mark.requirement(4)
@pytest.mark.requirement(37)
def test_the_password_asks_for_the_current_one_and_the_same_rules_hold(mio: Person, phone: Phone) -> None:
    path, new = "/api/v1/me/password", "seven lanterns on a bridge"
    wrong = post(phone, path, {"current_password": "guess", "new_password": new})
    assert (wrong.status, wrong.json()["errors"][0]["pointer"]) == (422, "/current_password")
    weak = post(phone, path, {"current_password": mio.password, "new_password": "password1234"})
    assert (weak.status, weak.json()["errors"][0]["pointer"]) == (422, "/new_password")
    assert post(phone, path, {"current_password": mio.password, "new_password": new}).status == 204
    assert User.objects.get(pk=mio.user.pk).check_password(new)
    assert phone.get(PATH).status == 200


@pytest.mark.requirement(29)
def test_the_time_of_lower_limits_is_told_with_its_reasons(
    mio: Person, owner_connection: psycopg.Connection
) -> None:
    opened_earlier(owner_connection, mio)
    phone = Phone.signed_in(mio)
    changed_before(owner_connection, mio, "email_changed", timedelta(hours=1))
    body = phone.get("/api/v1/me/cool-off").json()
    assert [one["kind"] for one in body["reasons"]] == ["email_changed", "api_device_added"]
    assert body["until"] == body["reasons"][0]["until"]
    assert [one["title"] for one in body["reasons"]] == [
        "E-mail address changed",
        "App on a device signed in",
    ]
    other = Phone.signed_in(make_customer("mio"))
    assert other.get("/api/v1/me/cool-off").json() == {"until": None, "reasons": []}
