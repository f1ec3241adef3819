"""Two of the same at once: one wins, nothing is counted wrong, nobody is left without a factor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.utils import timezone

from accounts.account_locks import lock_code
from accounts.actions.emails import ask_email_change, confirm_email_change
from accounts.actions.factors import remove_factor
from accounts.actions.locks import ask_lock, confirm_lock
from accounts.actions.resets import ask_reset, finish_reset, token_digest
from accounts.actions.sign_up_factors import prove_app
from accounts.actions.sign_ups import begin_sign_up, confirm_address, describe_person, open_account
from accounts.actions.undo import undo_change
from accounts.mail_codes import MAXIMUM_TRIES
from accounts.models import (
    AccountReport,
    ChangeUndo,
    ContactChange,
    CredentialChange,
    LockRequest,
    Passkey,
    SignUp,
    Suspension,
    TotpDevice,
    User,
)
from accounts.two_factor.codes import new_seed
from accounts.two_factor.methods import list_factors
from tests.accounts.mails import code_in, last_mail_to, link_in, mails_to
from tests.authenticator import with_passkey
from tests.people import (
    PASSWORD,
    Person,
    fresh_email,
    fresh_network,
    make_customer,
    totp_code,
    totp_now,
)
from wallet_site.actor import Actor
from wallet_site.errors import Problem
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 12
MANY = 60


def at_once(work: Callable[[int], object], count: int = THREADS) -> Counter[str]:
    """The outcomes of `count` threads that begin together: "done", or the refusal's code."""
    together = Barrier(count)

    def run(number: int) -> str:
        together.wait(timeout=60)
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
    """Somebody from a network that has tried nothing yet."""
    return Actor(kind="anonymous", network=fresh_network())


def fresh(person: Person) -> Actor:
    """The person with a factor proven just now."""
    return Actor(kind="customer", user_id=person.user.pk, network=fresh_network(), verified_at=timezone.now())


@pytest.mark.requirement(14)
def test_removing_all_factors_at_once_leaves_one() -> None:
    aya = make_customer("aya")
    with recorded(aya.actor):
        for name in ("Tablet", "Watch"):
            TotpDevice.objects.create(user=aya.user, name=name, confirmed=True, seed=new_seed())
    with_passkey(aya)
    devices = [*TotpDevice.objects.filter(user=aya.user), *Passkey.objects.filter(user=aya.user)]
    outcomes = at_once(lambda number: remove_factor(devices[number % 4], actor=fresh(aya)))
    assert outcomes["done"] == 3
    assert len(list_factors(aya.user)) == 1


def test_wrong_codes_for_a_new_address_at_once_are_all_counted() -> None:
    aya, new = make_customer("aya"), fresh_email("new")
    ask_email_change(aya.user, new, actor=fresh(aya))
    code = code_in(last_mail_to(new))
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    outcomes = at_once(lambda _number: confirm_email_change(aya.user, wrong, actor=fresh(aya)))
    assert outcomes == {"wrong-mail-code": THREADS}
    assert ContactChange.objects.get(user=aya.user).code_tries == THREADS > MAXIMUM_TRIES
    assert at_once(lambda _number: confirm_email_change(aya.user, code, actor=fresh(aya)), 1) == {
        "wrong-mail-code": 1
    }


@pytest.mark.requirement(30)
def test_one_right_code_for_a_new_address_at_once_changes_it_once() -> None:
    aya, new = make_customer("aya"), fresh_email("new")
    ask_email_change(aya.user, new, actor=fresh(aya))
    code = code_in(last_mail_to(new))
    outcomes = at_once(lambda _number: confirm_email_change(aya.user, code, actor=fresh(aya)), MANY)
    assert outcomes == {"done": 1, "no-pending-change": MANY - 1}
    assert CredentialChange.objects.filter(user=aya.user, kind="email_changed").count() == 1


@pytest.mark.requirement(28)
def test_one_code_of_a_lock_at_once_stops_once_and_wrong_ones_are_all_counted() -> None:
    aya = make_customer("aya")
    asked, other = (ask_lock(aya.email, actor=stranger()) for _time in range(2))
    code = code_in(last_mail_to(aya.email))
    request = next(one for one in (asked, other) if lock_code(one, aya.user.pk) == code)
    outcomes = at_once(lambda _number: confirm_lock(request.pk, code, actor=stranger()), MANY)
    assert outcomes == {"done": 1, "wrong-mail-code": MANY - 1}
    assert AccountReport.objects.filter(user=aya.user).count() == 1
    spare = asked if request is other else other
    assert at_once(lambda _number: confirm_lock(spare.pk, code, actor=stranger())) == {
        "wrong-mail-code": THREADS
    }
    assert LockRequest.objects.get(pk=spare.pk).code_tries == THREADS
    right = lock_code(spare, aya.user.pk)
    assert at_once(lambda _number: confirm_lock(spare.pk, right, actor=stranger()), 1) == {
        "wrong-mail-code": 1
    }


def test_two_people_who_prove_one_address_at_once_share_it_not() -> None:
    aya, ken, wanted = make_customer("aya"), make_customer("ken"), fresh_email("wanted")
    codes = {}
    for person in (aya, ken):
        ask_email_change(person.user, wanted, actor=fresh(person))
        codes[person.user.pk] = code_in(last_mail_to(wanted))
    people = [aya, ken]

    def confirm(number: int) -> None:
        person = people[number]
        confirm_email_change(person.user, codes[person.user.pk], actor=fresh(person))

    assert at_once(confirm, 2) == {"done": 1, "address-taken": 1}
    assert User.objects.filter(email=wanted).count() == 1


def test_one_sign_up_finished_twice_at_once_is_one_account() -> None:
    email = fresh_email("hana")
    sign_up = begin_sign_up(email, language="en", actor=stranger())
    confirm_address(sign_up.pk, code_in(last_mail_to(email)), actor=stranger())
    describe_person(sign_up.pk, full_name="Hana Kato", password=PASSWORD, actor=stranger())
    seed = SignUp.objects.get(pk=sign_up.pk).totp_seed or ""
    prove_app(sign_up.pk, totp_code(seed), actor=stranger())
    outcomes = at_once(lambda _number: open_account(sign_up.pk, actor=stranger()))
    assert outcomes == {"done": 1, "sign-up-over": THREADS - 1}
    assert User.objects.filter(email=email).count() == 1


@pytest.mark.requirement(21)
def test_one_reset_link_finished_at_once_sets_one_password() -> None:
    aya = make_customer("aya")
    ask_reset(aya.email, actor=stranger())
    token = link_in(last_mail_to(aya.email), "/reset/link/").split("/")[-2]
    totp_now(aya)
    codes = [*aya.recovery_codes, totp_code(aya.seed)]

    def finish(number: int) -> None:
        finish_reset(
            token_digest(token),
            answer=codes[number],
            new_password=f"lantern number {number} on a bridge",
            actor=stranger(),
        )

    assert at_once(finish, len(codes)) == {"done": 1, "link-over": len(codes) - 1}


@pytest.mark.requirement(28)
def test_one_undo_link_pressed_at_once_stops_once() -> None:
    mio = make_customer("mio")
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(email=fresh_email("thief"))
    mail = next(m for m in mails_to(mio.email) if "/undo/" in str(m.body))
    token = link_in(mail, "/undo/").split("/")[2]
    assert at_once(lambda _number: undo_change(token, actor=stranger()), MANY) == {"done": MANY}
    assert ChangeUndo.objects.filter(user=mio.user).count() == 1
    assert Suspension.objects.filter(user=mio.user).count() == 1
