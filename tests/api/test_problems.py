"""Every error under /api/ is a problem (RFC 9457): the same shape, a stable code, no detail of the inside."""

from __future__ import annotations

import json

import pytest

from accounts.api import views
from tests.api_client import Answer, Phone
from tests.people import make_customer
from wallet_site.local.postgres import Postgres

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def aya() -> Phone:
    return Phone.signed_in(make_customer("aya"))


def is_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.content
    body = answer.json()
    assert body["type"] == f"urn:kakehashi:problem:{code}"
    assert body["status"] == status
    assert body["title"] and body["detail"]
    assert answer.headers["cache-control"].startswith("no-store")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/v1/", "/api/v1/none", "/api/v1/me/", "/api/v2/me", "/api/v1/devices/7", "/api/v1/%00"],
)
def test_an_unknown_path_is_not_found_by_any_method(method: str, path: str) -> None:
    answer = Phone().request(method, path, proof="")
    if method == "HEAD":
        assert (answer.status, answer.content) == (404, b"")
    else:
        is_problem(answer, 404, "not-found")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "POST"])
def test_another_method_is_refused_with_those_that_work(aya: Phone, method: str) -> None:
    answer = aya.request(method, "/api/v1/me")
    is_problem(answer, 405, "method-not-allowed")
    assert {one.strip() for one in answer.headers["allow"].split(",")} >= {"GET", "PATCH"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/xml", "application/json-patch+json", "nonsense", ""])  # fmt: skip
def test_another_media_type_is_refused(aya: Phone, kind: str) -> None:
    answer = aya.patch("/api/v1/me", b"language=en", headers={"Content-Type": kind})
    is_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("body", [
    b"{", b"", b"[]", b'"text"', b"null", b"12", b"{'language': 'en'}", b'{"language": "en",}', b'{"language": NaN}',
    b'{"language": "en"} {"language": "ja"}', b"\xff\xfe", b'{"language": "\xe3"}', b"[" * 100_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b"{\"language\": " + b"9" * 5_000 + b"}",
    b'{"language": "en", "language": "ja"}',
], ids=lambda body: repr(body[:24]))  # fmt: skip
def test_a_body_that_is_no_object_is_refused(aya: Phone, body: bytes) -> None:
    answer = aya.patch("/api/v1/me", body)
    if body == b"":
        is_problem(answer, 422, "invalid-input")
    else:
        is_problem(answer, 400, "unreadable-body")


def test_a_body_that_is_too_large_is_refused(aya: Phone) -> None:
    is_problem(aya.patch("/api/v1/me", b'{"language": "' + b"x" * 1_100_000 + b'"}'), 413, "body-too-large")


@pytest.mark.parametrize("text", ["\u0000", "en\u0000", "\ud800", "en\n", " "])
def test_signs_that_no_text_holds_are_refused(text: str) -> None:
    body = json.dumps({"email": text, "password": text, "device_name": text}).encode()
    answer = Phone().post("/api/v1/sign-in", body, idempotency_key=None)
    assert answer.status in (401, 422), answer.content
    assert answer.code in ("invalid-input", "wrong-credentials")


def test_a_fault_of_ours_tells_nothing_of_the_inside(aya: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(views, "revoke", broken)
    answer = aya.post("/api/v1/sign-out", idempotency_key=None)
    is_problem(answer, 500, "internal-error")
    assert b"secret" not in answer.content
    assert b"RuntimeError" not in answer.content


@pytest.mark.requirement(22)
def test_another_host_is_refused_as_a_problem() -> None:
    is_problem(Phone().get("/api/v1/me", headers={"Host": "evil.example"}), 400, "bad-request")


@pytest.mark.requirement(46)
def test_without_the_database_the_answer_is_a_problem_and_nothing_is_let_through(
    aya: Phone, postgres: Postgres
) -> None:
    postgres.kill()
    answer = aya.get("/api/v1/me")
    is_problem(answer, 503, "database-away")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "accept", ["text/html", "application/problem+json", "application/xml;q=1", "x", "*/*"]
)
def test_whatever_is_accepted_the_answer_is_json(aya: Phone, accept: str) -> None:
    answer = aya.get("/api/v1/me", headers={"Accept": accept})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    is_problem(Phone().get("/api/v1/me", headers={"Accept": accept}), 401, "token-missing")
    assert aya.get("/api/v1/me?format=html").status == 200


def test_the_language_is_the_one_asked_for(aya: Phone) -> None:
    said = {
        language: aya.get("/api/v1/none", headers={"Accept-Language": language})
        for language in ("en", "ja", "ja-JP,en;q=0.5", "fr")
    }
    details = {language: answer.json()["detail"] for language, answer in said.items()}
    assert details["en"] == "There is nothing at this address."
    assert details["ja"] == details["ja-JP,en;q=0.5"] == details["fr"] != details["en"]
    assert said["en"].headers["content-language"] == "en"
