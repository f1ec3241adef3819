"""Asking by page: the same for everybody, told to whom it concerns, and nothing begins by it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actions.forgetting import forget_expired
from accounts.actions.recoveries.asking import ask_recovery, take_asks
from accounts.models import Recovery, RecoveryAsk, TotpDevice
from tests.accounts.mails import mails_to
from tests.accounts.recovering import by_the_desk, stop_links, with_phone
from tests.people import anonymous_client, fresh_email, fresh_network, make_customer, make_staff
from wallet_site.actor import Actor
from wallet_site.celery import app as celery_app
from wallet_site.local.valkey import Valkey

pytestmark = pytest.mark.django_db(transaction=True)

ASK = reverse("accounts:recovery_ask")


def stranger() -> Actor:
    return Actor(kind="anonymous", network=fresh_network(), device="Firefox on Linux")


@pytest.mark.requirement(5)
def test_the_answer_and_its_cost_are_the_same_for_every_address() -> None:
    aya, rin = make_customer("aya"), make_staff("rin")
    seen = set()
    for email in (aya.email, fresh_email("nobody"), rin.email):
        browser = anonymous_client()
        browser.get(ASK)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = browser.post(ASK, {"email": email})
        seen.add((answer.status_code, answer["Location"], len(queries.captured_queries)))
    assert len(seen) == 1
    page = anonymous_client().get(reverse("accounts:recovery_asked"))
    assert page.status_code == 200
    assert RecoveryAsk.objects.filter(email=aya.email, handled_at=None).exists()
    assert not Recovery.objects.filter(user=aya.user).exists()


@pytest.mark.usefixtures("no_worker")
@pytest.mark.requirement(23)
def test_an_account_is_told_everywhere_and_nothing_begins() -> None:
    aya = with_phone(make_customer("aya"))
    ask_recovery(aya.email, actor=stranger())
    take_asks()
    recovery = Recovery.objects.get(user=aya.user)
    assert (recovery.way, recovery.state, recovery.started_by) == ("desk", "requested", None)
    newest = mails_to(aya.email)[-1]
    assert "Firefox on Linux" in str(newest.body)
    assert len(stop_links(aya.email)) == 1
    assert [one.seed for one in TotpDevice.objects.filter(user=aya.user)] == [aya.seed]
    # Asking again tells nobody again.
    for _again in range(2):
        ask_recovery(aya.email, actor=stranger())
        take_asks()
    assert Recovery.objects.filter(user=aya.user).count() == 1
    assert len(stop_links(aya.email)) == 1


@pytest.mark.usefixtures("no_worker")
def test_nothing_comes_of_staff_closed_accounts_and_strangers() -> None:
    rin, nobody = make_staff("rin"), fresh_email("nobody")
    for email in (rin.email, nobody):
        ask_recovery(email, actor=stranger())
    take_asks()
    assert not Recovery.objects.filter(user=rin.user).exists()
    assert not mails_to(nobody)
    assert not [one for one in mails_to(rin.email) if "/recovery/" in str(one.body)]


@pytest.mark.usefixtures("no_worker")
def test_a_recovery_under_way_is_not_touched() -> None:
    aya = make_customer("aya")
    recovery = by_the_desk(aya)
    ask_recovery(aya.email, actor=stranger())
    take_asks()
    recovery.refresh_from_db()
    assert recovery.state == "waiting"


@pytest.mark.requirement(16)
@pytest.mark.requirement(20)
def test_an_address_is_asked_about_three_times_an_hour_and_read_strictly() -> None:
    aya = make_customer("aya")
    answers = [anonymous_client().post(ASK, {"email": aya.email}).status_code for _try in range(4)]
    assert answers == [302, 302, 302, 429]
    for bad in ("nonsense", "", "аya@example.com", "aya@example.com\r\nBcc: thief@example.com"):
        assert anonymous_client().post(ASK, {"email": bad}).status_code == 200
    twice = anonymous_client().post(ASK, {"email": [aya.email, "thief@example.com"]})
    assert twice.status_code == 200
    assert RecoveryAsk.objects.filter(email=aya.email).count() == 3
    assert not RecoveryAsk.objects.filter(email="thief@example.com").exists()


def test_what_was_typed_is_forgotten_after_a_day() -> None:
    email = fresh_email("nobody")
    ask_recovery(email, actor=stranger())
    forget_expired()
    assert RecoveryAsk.objects.filter(email=email).exists()
    take_asks()
    RecoveryAsk.objects.filter(email=email).update(handled_at=F("handled_at") - timedelta(days=1, minutes=1))
    forget_expired()
    assert not RecoveryAsk.objects.filter(email=email).exists()


@pytest.mark.requirement(46)
def test_without_valkey_nothing_is_asked_and_the_page_says_so(valkey: Valkey) -> None:
    aya = make_customer("aya")
    valkey.kill()
    answer = anonymous_client().post(ASK, {"email": aya.email})
    assert answer.status_code == 503
    assert not RecoveryAsk.objects.filter(email=aya.email).exists()


def test_a_question_waits_for_a_worker_that_is_dead_and_its_clock_comes_by_itself() -> None:
    aya = make_customer("aya")
    ask_recovery(aya.email, actor=stranger())
    assert not Recovery.objects.filter(user=aya.user).exists()
    celery_app.loader.import_default_modules()
    beaten = {one["task"] for one in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {"accounts.take_recovery_asks", "accounts.mind_recoveries"} <= beaten & set(celery_app.tasks)
    celery_app.tasks["accounts.take_recovery_asks"]()
    assert Recovery.objects.get(user=aya.user).state == "requested"
