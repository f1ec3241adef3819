"""The mixin for POSTs that move money: once per key and caller, the same answer ever after."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, connections
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from wallet_site.api.idempotent import IdempotentMixin
from wallet_site.audit.models import AuditRow
from wallet_site.audit.recording import record
from wallet_site.idempotency.once import Answer
from wallet_site.transactions import recorded
from wallet_site.web import actor_of

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Named:
    """`request.auth` of somebody who says who they are."""

    caller: str


class BySaying(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[None, Named]:
        return None, Named(request.headers["X-Caller"])


class MarkView(IdempotentMixin):
    """Leaves one row for each time its work is done."""

    authentication_classes = (BySaying,)
    permission_classes = ()
    throttle_classes = ()

    def post(self, request: Request) -> Response:
        return self.run_once(lambda: self.mark(request))

    def mark(self, request: Request) -> Answer:
        if request.data.get("fail"):
            raise RuntimeError("the machine stopped here")
        number = uuid.uuid4().hex
        record("test:mark:made", actor=actor_of(request), subject=("mark", str(request.data["mark"])))
        return Answer(201, {"number": number})


def ask(
    body: dict[str, Any], *, key: str | None, caller: str = "customer:1", where: str = "/mark"
) -> HttpResponse:
    headers = {"X-Caller": caller} | ({} if key is None else {"Idempotency-Key": key})
    request = RequestFactory().post(where, body, content_type="application/json", headers=headers)
    response = MarkView.as_view()(request)
    response.render()
    return response


def marks(name: str) -> int:
    return AuditRow.objects.filter(subject_type="mark", subject_id=name).count()


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex


def code_of(response: HttpResponse) -> str:
    return str(response.data["code"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", [None, "", "short", "with a space in it", "x" * 256])
def test_without_a_usable_key_nothing_is_done(name: str, key: str | None) -> None:
    response = ask({"mark": name}, key=key)
    assert (response.status_code, code_of(response)) == (400, "idempotency-key-missing")
    assert marks(name) == 0


def test_a_repeat_gets_the_first_answer_and_says_so(name: str) -> None:
    first, again = ask({"mark": name}, key=name), ask({"mark": name}, key=f'"{name}"')
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert marks(name) == 1


def test_the_same_values_in_another_order_are_the_same_request(name: str) -> None:
    ask({"mark": name, "b": [1, 2]}, key=name)
    assert ask({"b": [1, 2], "mark": name}, key=name)["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "where"), [({"more": 1}, "/mark"), ({"more": "0"}, "/mark"), ({}, "/else")], ids=str
)
def test_another_request_with_the_key_is_refused(name: str, body: dict[str, Any], where: str) -> None:
    ask({"mark": name}, key=name)
    response = ask({"mark": name} | body, key=name, where=where)
    assert (response.status_code, code_of(response)) == (422, "idempotency-key-reused")
    assert marks(name) == 1


def test_another_callers_key_is_another_key(name: str) -> None:
    first, other = ask({"mark": name}, key=name), ask({"mark": name}, key=name, caller="customer:2")
    assert first.content != other.content
    assert marks(name) == 2


def test_work_that_fails_gives_the_key_back(name: str) -> None:
    with pytest.raises(RuntimeError):
        ask({"mark": name, "fail": True}, key=name)
    assert ask({"mark": name}, key=name).status_code == 201


def test_while_the_first_is_running_the_second_is_told_to_wait(name: str) -> None:
    def second() -> HttpResponse:
        try:
            return ask({"mark": name}, key=name)
        finally:
            connections.close_all()

    with recorded(actor_of(RequestFactory().get("/"))), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"customer:1 {name}"])
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(second).result()
    assert (waiting.status_code, code_of(waiting)) == (409, "idempotency-key-in-flight")
    assert waiting["Retry-After"] == "1"
    assert marks(name) == 0


def test_sixty_at_once_do_it_once(name: str) -> None:
    def one(_n: int) -> int:
        try:
            return ask({"mark": name}, key=name).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(60) as pool:
        statuses = list(pool.map(one, range(60)))
    assert set(statuses) <= {201, 409}
    assert statuses.count(201) >= 1
    assert marks(name) == 1
