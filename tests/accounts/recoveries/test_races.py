"""Sixty at once with the same code, link or key: exactly one effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from django.db import connections

from accounts.actions.recoveries import asking, by_code, by_link, clock, enrolment
from accounts.actions.recoveries.stopping import stop_recovery
from accounts.models import (
    CredentialChange,
    Recovery,
    RecoveryAsk,
    RecoveryCode,
    RecoveryStop,
    Suspension,
    TotpDevice,
)
from accounts.recovery_links import link_digest
from support.actions.approvals import approve
from support.actions.recoveries import start_recovery
from tests.accounts.mails import mails_to
from tests.accounts.recovering import by_the_desk, let_pass, mailed_code, mailed_link, stop_links, with_phone
from tests.accounts.recovering import wait_out as wait_it_out
from tests.people import Person, fresh_network, make_customer, totp_code
from tests.support.desk import agent, supervisor
from wallet_site.actor import Actor
from wallet_site.errors import Problem
from wallet_site.outbox.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]

SIXTY = 60


def at_once(work: Callable[[int], object], count: int = SIXTY) -> Counter[str]:
    """The outcomes of `count` threads that begin together: "done", or the refusal's code."""
    together = Barrier(count)

    def run(number: int) -> str:
        together.wait(timeout=120)
        try:
            work(number)
        except Problem as problem:
            return problem.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(run, range(count)))


def stranger() -> Actor:
    return Actor(kind="anonymous", network=fresh_network())


def enrolled(person: Person) -> str:
    """The key of somebody who has given both proofs and shown the new app's code."""
    recovery = by_code.begin_by_code(person.user, person.recovery_codes[0], actor=stranger())
    key = by_code.prove_mail_code(recovery.pk, mailed_code(person), actor=stranger()).key
    recovery.refresh_from_db()
    enrolment.prove_app(key, totp_code(recovery.totp_seed or ""), actor=stranger())
    return key


@pytest.mark.requirement(9)
def test_one_recovery_code_begins_one_recovery() -> None:
    aya = with_phone(make_customer("aya"))
    outcomes = at_once(lambda _n: by_code.begin_by_code(aya.user, aya.recovery_codes[0], actor=stranger()))
    assert outcomes["done"] == 1
    assert set(outcomes) <= {"done", "wrong-code", "too-many-tries"}
    assert Recovery.objects.filter(user=aya.user).count() == 1
    assert RecoveryCode.objects.filter(code_set__user=aya.user, used_at=None).count() == 9


@pytest.mark.requirement(23)
def test_one_mailed_code_hands_over_one_key() -> None:
    aya = with_phone(make_customer("aya"))
    recovery = by_code.begin_by_code(aya.user, aya.recovery_codes[0], actor=stranger())
    code = mailed_code(aya)
    outcomes = at_once(lambda _n: by_code.prove_mail_code(recovery.pk, code, actor=stranger()))
    assert outcomes == {"done": 1, "recovery-over": SIXTY - 1}


@pytest.mark.requirement(23)
def test_sixty_wrong_mailed_codes_are_five_tries() -> None:
    aya = with_phone(make_customer("aya"))
    recovery = by_code.begin_by_code(aya.user, aya.recovery_codes[0], actor=stranger())
    wrong = f"{(int(mailed_code(aya)) + 1) % 10**8:08d}"
    outcomes = at_once(lambda _n: by_code.prove_mail_code(recovery.pk, wrong, actor=stranger()))
    assert outcomes == {"wrong-mail-code": SIXTY}
    recovery.refresh_from_db()
    assert (recovery.state, recovery.code_tries) == ("proving", SIXTY)


@pytest.mark.requirement(23)
def test_the_same_key_finishes_once() -> None:
    aya = with_phone(make_customer("aya"))
    key = enrolled(aya)
    before = CredentialChange.objects.filter(user=aya.user).count()
    outcomes = at_once(lambda _n: enrolment.finish(key, actor=stranger()))
    assert outcomes == {"done": 1, "recovery-over": SIXTY - 1}
    assert TotpDevice.objects.filter(user=aya.user).count() == 1
    kinds = [one.kind for one in CredentialChange.objects.filter(user=aya.user).order_by("pk")[before:]]
    assert sorted(kinds) == ["recovery_codes_added", "recovery_codes_removed", "totp_added", "totp_removed"]


@pytest.mark.requirement(23)
def test_finishing_against_stopping_has_one_winner_and_never_leaves_an_open_account() -> None:
    aya = with_phone(make_customer("aya"))
    key = enrolled(aya)
    token = stop_links(aya.email)[-1].split("/")[3]

    def race(number: int) -> object:
        if number % 2:
            return stop_recovery(token, actor=stranger())
        return enrolment.finish(key, actor=stranger())

    at_once(race, 20)
    # Whichever came first: the account is frozen, once.
    assert Suspension.objects.filter(user=aya.user, lifted_at=None).count() == 1
    assert RecoveryStop.objects.filter(user=aya.user).count() == 1
    state = Recovery.objects.get(user=aya.user).state
    seeds = [one.seed for one in TotpDevice.objects.filter(user=aya.user)]
    assert (state == "stopped") is (seeds == [aya.seed])
    assert state in ("stopped", "completed")


@pytest.mark.requirement(23)
def test_one_stop_link_stops_once() -> None:
    aya = with_phone(make_customer("aya"))
    by_the_desk(aya)
    token = stop_links(aya.email)[-1].split("/")[3]
    firsts: list[bool] = []
    outcomes = at_once(lambda _n: firsts.append(stop_recovery(token, actor=stranger()).is_first))
    assert outcomes == {"done": SIXTY}
    assert firsts.count(True) == 1
    assert Suspension.objects.filter(user=aya.user).count() == 1
    assert RecoveryStop.objects.filter(user=aya.user).count() == 1


@pytest.mark.requirement(23)
def test_one_link_hands_over_to_one_browser(owner_connection: psycopg.Connection) -> None:
    """Each hands over from the one before: only the last key counts."""
    aya = with_phone(make_customer("aya"))
    wait_it_out(owner_connection, aya, by_the_desk(aya))
    stored = link_digest(mailed_link(aya).split("/")[3])
    keys: list[str] = []
    at_once(lambda _n: keys.append(by_link.prove_password(stored, aya.password, actor=stranger())), 10)
    assert sum(enrolment.enrolling(key) is not None for key in keys) == 1


@pytest.mark.requirement(40)
def test_one_approval_of_many() -> None:
    aya = with_phone(make_customer("aya"))
    asked = start_recovery(aya.user, reason="called", actor=agent().actor)
    others = [supervisor(f"second{number}") for number in range(12)]

    def approve_it(number: int) -> None:
        approve(asked, reason="called back", actor=others[number].actor)

    assert at_once(approve_it, 12) == {"done": 1, "not-waiting": 11}
    mails_to(aya.email)
    assert Event.objects.filter(key__startswith=f"recovery-told:{asked.subject_id}:").count() == 1


def test_clocks_beside_each_other_tell_and_send_once(owner_connection: psycopg.Connection) -> None:
    aya = with_phone(make_customer("aya"))
    recovery = by_the_desk(aya)
    for _round in range(3):
        mails_to(aya.email)
        let_pass(owner_connection, recovery, hours=24.01)
        at_once(lambda _n: clock.mind_recoveries(), 12)
    recovery.refresh_from_db()
    assert (recovery.state, recovery.rounds_told) == ("ready", 3)
    assert Event.objects.filter(topic="accounts:recovery:link", user_id=aya.user.pk).count() == 1


@pytest.mark.requirement(5)
def test_many_questions_about_one_account_are_one_recovery() -> None:
    aya = make_customer("aya")
    for _ask in range(3):
        asking.ask_recovery(aya.email, actor=stranger())
    at_once(lambda _n: asking.take_asks(), 12)
    assert not RecoveryAsk.objects.filter(email=aya.email, handled_at=None).exists()
    assert Recovery.objects.filter(user=aya.user).count() == 1
