"""A code works once and wrong ones are counted exactly, however many arrive at the same time."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
from django.db import connection, connections

from accounts.models import CredentialChange, FactorGuesses, RecoveryCode, SignIn
from accounts.two_factor import codes
from accounts.two_factor.codes import check_code, matching_step, new_recovery_codes, new_seed
from tests.people import PASSWORD, Person, make_customer, totp_code, totp_now, wrong_code
from tests.processes import Portal
from wallet_site.audit.models import AuditRow
from wallet_site.errors import Problem

THREADS = 60


def at_once(work: Callable[[int], str], count: int = THREADS) -> Counter[str]:
    """What `count` threads answer that begin together, each on a connection of its own."""
    together = Barrier(count)

    def run(number: int) -> str:
        try:
            together.wait(timeout=60)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(run, range(count)))


def judged(person: Person, code: str) -> str:
    try:
        check_code(person.user, code, actor=person.actor)
    except Problem as problem:
        return problem.code
    return "right"


@pytest.mark.requirement(9)
@pytest.mark.django_db(transaction=True)
def test_one_totp_code_in_sixty_threads_is_right_once() -> None:
    aya = make_customer("aya")
    code = totp_now(aya)
    answers = at_once(lambda _number: judged(aya, code))
    assert answers["right"] == 1
    assert sum(answers.values()) == THREADS


@pytest.mark.requirement(9)
@pytest.mark.django_db(transaction=True)
def test_one_recovery_code_in_sixty_threads_is_right_once() -> None:
    aya = make_customer("aya")
    answers = at_once(lambda _number: judged(aya, aya.recovery_codes[3]))
    assert answers["right"] == 1
    assert RecoveryCode.objects.filter(code_set__user=aya.user).exclude(used_at=None).count() == 1
    assert CredentialChange.objects.filter(user=aya.user, kind="recovery_code_used").count() == 1


@pytest.mark.requirement(9)
@pytest.mark.requirement(17)
@pytest.mark.django_db(transaction=True)
def test_sixty_wrong_codes_at_once_are_counted_and_ten_of_them_looked_at() -> None:
    aya = make_customer("aya")
    wrong = wrong_code(aya)
    answers = at_once(lambda _number: judged(aya, wrong))
    assert answers == {"wrong-code": codes.GUESSES_AN_HOUR, "too-many-tries": THREADS - codes.GUESSES_AN_HOUR}
    guesses = FactorGuesses.objects.get(user=aya.user)
    assert (guesses.in_a_row, guesses.in_window, guesses.refused_in_window) == (10, 10, THREADS - 10)
    assert AuditRow.objects.filter(user_id=aya.user.pk, action="accounts:factor:wrong_code").count() == 10
    assert judged(aya, totp_now(aya)) == "too-many-tries"


@pytest.mark.requirement(9)
@pytest.mark.django_db(transaction=True)
def test_sixty_browsers_with_one_code_get_one_session(live_portal: Portal) -> None:
    """The trap that was measured: 59 sessions from one code. Sixty real browsers' requests against the real server."""
    aya = make_customer("aya")
    clients = [_after_password(live_portal, aya) for _number in range(THREADS)]
    code = totp_now(aya)

    def finish(number: int) -> str:
        return "in" if _give_code(clients[number], live_portal, code) else "out"

    answers = at_once(finish)
    assert answers["in"] == 1
    assert SignIn.objects.filter(user=aya.user).count() == 1


def _after_password(portal: Portal, person: Person) -> httpx.Client:
    # An address of its own on this machine: the limit per network is not what this is about.
    source = f"127.{secrets.randbelow(250) + 1}.{secrets.randbelow(250) + 1}.{secrets.randbelow(250) + 1}"
    transport = httpx.HTTPTransport(local_address=source)
    client = httpx.Client(timeout=60, headers={"Accept-Language": "en"}, transport=transport)
    page = client.get(f"{portal.url}/sign-in/")
    data = {"auth-email": person.email, "auth-password": PASSWORD, "sign_in_view-current_step": "auth"}
    answer = client.post(f"{portal.url}/sign-in/", data=data | _csrf(page))
    assert 'name="token-code"' in answer.text
    client.cookies.set("_form", _csrf(answer)["csrfmiddlewaretoken"])
    return client


def _give_code(client: httpx.Client, portal: Portal, code: str) -> bool:
    token = client.cookies.get("_form")
    data = {"token-code": code, "sign_in_view-current_step": "token", "csrfmiddlewaretoken": token}
    answer = client.post(f"{portal.url}/sign-in/", data=data)
    return answer.status_code == 302


def _csrf(page: httpx.Response) -> dict[str, str]:
    value = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    return {"csrfmiddlewaretoken": value}


@pytest.mark.requirement(17)
@pytest.mark.django_db(transaction=True)
def test_a_hundred_wrong_in_a_row_lock_codes_for_good() -> None:
    aya = make_customer("aya")
    judged(aya, wrong_code(aya))
    FactorGuesses.objects.filter(user=aya.user).update(in_a_row=99, in_window=0)
    assert judged(aya, wrong_code(aya)) == "wrong-code"
    assert judged(aya, totp_now(aya)) == "factor-locked"
    assert judged(aya, aya.recovery_codes[0]) == "factor-locked"


@pytest.mark.requirement(17)
@pytest.mark.django_db(transaction=True)
def test_a_right_code_begins_the_count_anew() -> None:
    aya = make_customer("aya")
    for _try in range(9):
        judged(aya, wrong_code(aya))
    assert judged(aya, totp_now(aya)) == "right"
    assert FactorGuesses.objects.get(user=aya.user).in_a_row == 0


@pytest.mark.requirement(8)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "code", ["", " ", "12345", "1234567", "١٢٣٤٥٦", "12 34 5x", "None", "A" * 16, "0" * 4000]
)
def test_anything_else_is_a_wrong_code(code: str) -> None:
    assert judged(make_customer("aya"), code) == "wrong-code"


@pytest.mark.django_db(transaction=True)
def test_a_code_of_an_unconfirmed_or_foreign_app_is_wrong() -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    assert judged(aya, totp_now(ken)) == "wrong-code"
    assert judged(aya, ken.recovery_codes[0]) == "wrong-code"


def test_a_code_counts_for_one_step_either_way_and_never_backwards() -> None:
    seed, now = new_seed(), 1_800_000_000.0
    step = int(now) // 30
    for drift in (-1, 0, 1):
        code = int(totp_code(seed, at=now + 30 * drift))
        assert matching_step(seed, code, at=now) == step + drift
        assert matching_step(seed, code, after_step=step + drift, at=now) is None
    for drift in (-3, -2, 2, 3):
        assert matching_step(seed, int(totp_code(seed, at=now + 30 * drift)), at=now) is None


@pytest.mark.requirement(10)
def test_recovery_codes_have_eighty_bits_and_seeds_a_hundred_and_sixty() -> None:
    made = new_recovery_codes()
    assert len(set(made)) == 10
    assert all(len(code.replace("-", "")) * 5 == 80 for code in made)
    assert len(new_seed()) * 5 == 160


@pytest.mark.requirement(10)
@pytest.mark.requirement(11)
@pytest.mark.django_db(transaction=True)
def test_no_seed_and_no_recovery_code_lies_in_clear() -> None:
    aya = make_customer("aya")
    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM accounts_totpdevice WHERE user_id = %s", [aya.user.pk])
        assert aya.seed not in cursor.fetchone()[0]
        cursor.execute(
            "SELECT digest FROM accounts_recoverycode c JOIN accounts_recoverycodeset s ON s.id = c.code_set_id"
            " WHERE s.user_id = %s",
            [aya.user.pk],
        )
        stored = [bytes(row[0]) for row in cursor.fetchall()]
    plain = [code.replace("-", "").encode() for code in aya.recovery_codes]
    assert not any(code in row for code in plain for row in stored)
