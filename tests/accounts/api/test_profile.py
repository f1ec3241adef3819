"""The profile: read with an ETag, changed with `If-Match`, and nothing of it is another's or a credential."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.api_client import Phone
from tests.people import Person, make_customer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mio() -> Person:
    return make_customer("mio")


@pytest.fixture
def phone(mio: Person) -> Phone:
    return Phone.signed_in(mio)


def test_the_profile_is_the_customers_own(mio: Person, phone: Phone) -> None:
    profile = phone.get("/api/v1/me").json()
    assert profile["id"] == str(mio.user.public_id)
    assert profile["customer_number"].startswith("K-")
    assert (profile["language"], profile["restrictions"]) == ("en", [])
    assert set(profile) == {
        "id", "customer_number", "email", "full_name", "phone", "language", "created_at", "restrictions",
    }  # fmt: skip


def test_an_etag_saves_reading_it_again(phone: Phone) -> None:
    first = phone.get("/api/v1/me")
    again = phone.get("/api/v1/me", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert phone.get("/api/v1/me", headers={"If-None-Match": '"other"'}).status == 200


def test_a_change_of_language_holds_and_changes_the_etag(mio: Person, phone: Phone) -> None:
    tag = phone.get("/api/v1/me").headers["etag"]
    changed = phone.patch("/api/v1/me", {"language": "ja"}, headers={"If-Match": tag})
    assert (changed.status, changed.json()["language"]) == (200, "ja")
    assert User.objects.get(pk=mio.user.pk).language == "ja"
    assert phone.get("/api/v1/me").headers["etag"] == changed.headers["etag"] != tag


def test_a_change_of_what_was_changed_meanwhile_is_refused(mio: Person, phone: Phone) -> None:
    tag = phone.get("/api/v1/me").headers["etag"]
    phone.patch("/api/v1/me", {"language": "ja"})
    late = phone.patch("/api/v1/me", {"language": "en"}, headers={"If-Match": tag})
    assert (late.status, late.code) == (412, "precondition-failed")
    assert User.objects.get(pk=mio.user.pk).language == "ja"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"language": "fr"}, "/language", "invalid_choice"),
        ({"language": 1}, "/language", "wrong-type"),
        ({"language": "en", "email": "eve@example.com"}, "/email", "unknown-field"),
        ({"language": "en", "is_staff": True}, "/is_staff", "unknown-field"),
        ({"language": "en", "a/b~c": 1}, "/a~1b~0c", "unknown-field"),
        ({}, "/language", "required"),
    ],
)
def test_nothing_else_can_be_changed(
    mio: Person, phone: Phone, body: object, pointer: str, code: str
) -> None:
    refused = phone.patch("/api/v1/me", body)
    assert (refused.status, refused.code) == (422, "invalid-input")
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)]
    stored = User.objects.get(pk=mio.user.pk)
    assert (stored.email, stored.language, stored.is_staff) == (mio.email, "en", False)


@pytest.mark.requirement(25, 44)
def test_changes_are_listed_masked_and_to_their_owner_alone(mio: Person, phone: Phone) -> None:
    other = Phone.signed_in(make_customer("ken"))
    assert other.get("/api/v1/me/changes").json()["results"][0]["kind"] == "api_device_added"
    User.objects.filter(pk=mio.user.pk).update(phone="+819011112222")
    phone.sign_in(mio)
    path = "/api/v1/me/changes?page_size=3"
    answer = phone.get(path)
    listed = answer.json()["results"]
    (changed,) = [one for one in listed if one["kind"] == "phone_changed"]
    assert (changed["before"], changed["after"], changed["by"]) == ("", "+81•••••••222", "database")
    assert (changed["title"], changed["device"]) == ("Phone number changed", "")
    assert b"9011112222" not in answer.content
    assert phone.get(path, headers={"If-None-Match": answer.headers["etag"]}).status == 304
    assert not any(
        one["kind"] == "phone_changed" for one in other.get("/api/v1/me/changes").json()["results"]
    )
