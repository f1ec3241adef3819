"""The same request twice does its work once; everything else with the same key is refused."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from wallet_site.actor import Actor
from wallet_site.audit.models import AuditRow
from wallet_site.audit.recording import record
from wallet_site.idempotency.models import AnsweredRequest
from wallet_site.idempotency.once import (
    Answer,
    KeyInFlight,
    KeyMissing,
    KeyReused,
    fingerprint,
    once,
    valid_key,
)
from wallet_site.idempotency.tasks import forget_old
from wallet_site.transactions import recorded

ROBOT = Actor.system("test")


def work_marked(mark: str) -> Answer:
    record("test:work:done", actor=ROBOT, subject=("mark", mark))
    return Answer(201, {"mark": mark})


def done_count(mark: str) -> int:
    return AuditRow.objects.filter(subject_type="mark", subject_id=mark).count()


@pytest.mark.django_db(transaction=True)
def test_a_repeat_gets_the_stored_answer_and_does_nothing() -> None:
    mark = uuid.uuid4().hex
    answers = []
    for _n in range(2):
        with recorded(ROBOT):
            answers.append(
                once(caller="c:1", key=mark, request_fingerprint=b"same", work=lambda: work_marked(mark))
            )
    assert [answer.repeated for answer in answers] == [False, True]
    assert answers[0].body == answers[1].body == {"mark": mark}
    assert done_count(mark) == 1


@pytest.mark.django_db(transaction=True)
def test_another_body_is_refused_and_another_caller_is_another_request() -> None:
    mark = uuid.uuid4().hex
    with recorded(ROBOT):
        once(caller="c:1", key=mark, request_fingerprint=b"one", work=lambda: work_marked(mark))
    with pytest.raises(KeyReused), recorded(ROBOT):
        once(caller="c:1", key=mark, request_fingerprint=b"two", work=lambda: work_marked(mark))
    assert done_count(mark) == 1
    with recorded(ROBOT):
        answer = once(caller="c:2", key=mark, request_fingerprint=b"two", work=lambda: work_marked(mark))
    assert not answer.repeated
    assert done_count(mark) == 2


@pytest.mark.django_db(transaction=True)
def test_sixty_at_once_do_it_once() -> None:
    mark = uuid.uuid4().hex
    start = threading.Barrier(60)

    def request(_n: int) -> str:
        start.wait()
        try:
            with recorded(ROBOT):
                answer = once(
                    caller="c:1", key=mark, request_fingerprint=b"x", work=lambda: work_marked(mark)
                )
        except KeyInFlight:
            return "in flight"
        finally:
            connections.close_all()
        return "repeated" if answer.repeated else "done"

    with ThreadPoolExecutor(60) as pool:
        outcomes = list(pool.map(request, range(60)))
    assert outcomes.count("done") == 1
    assert done_count(mark) == 1


@pytest.mark.django_db(transaction=True)
def test_work_that_fails_gives_the_key_back() -> None:
    mark = uuid.uuid4().hex

    def failing() -> Answer:
        work_marked(mark)
        raise RuntimeError("the machine stopped here")

    with pytest.raises(RuntimeError), recorded(ROBOT):
        once(caller="c:1", key=mark, request_fingerprint=b"x", work=failing)
    assert done_count(mark) == 0
    assert not AnsweredRequest.objects.filter(caller="c:1", key=mark).exists()
    with recorded(ROBOT):
        once(caller="c:1", key=mark, request_fingerprint=b"x", work=lambda: work_marked(mark))
    assert done_count(mark) == 1


@pytest.mark.parametrize("header", [None, "", "short", "with space in it", "ü" * 10, "x" * 256])
def test_a_key_that_is_no_key(header: str | None) -> None:
    with pytest.raises(KeyMissing):
        valid_key(header)


def test_a_quoted_key_is_the_same_key() -> None:
    assert valid_key('"8e03978e-40d5-43dd-bc93"') == "8e03978e-40d5-43dd-bc93"


def test_fingerprints_do_not_run_into_each_other() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("POST", b"{}") == fingerprint("POST", b"{}")


@pytest.mark.django_db
def test_answers_of_last_week_are_forgotten_and_younger_ones_kept() -> None:
    old, young = (
        AnsweredRequest.objects.create(
            caller="c:1", key=uuid.uuid4().hex, fingerprint=b"x", status=200, body={}
        )
        for _n in range(2)
    )
    AnsweredRequest.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    assert forget_old() == 1
    assert AnsweredRequest.objects.filter(pk__in=[old.pk, young.pk]).get() == young
