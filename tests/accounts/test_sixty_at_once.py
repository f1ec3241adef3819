"""Every one-time thing that has no race of its own elsewhere: sixty at once with the same code, link or wish, one wins.

The others: TOTP and recovery codes in `two_factor/test_codes.py`, the code of a new address, of a lock and the undo
link in `actions/test_races.py`, step-ups in `test_step_up.py`, refresh tokens in `api/test_tokens.py`, the steps of a
recovery in `recoveries/test_races.py`, an app's challenge in `api/test_sign_in.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db.models import Model

from accounts.actions.notice_addresses import ask_notice_address, confirm_notice_address
from accounts.actions.phones import ask_phone, confirm_phone
from accounts.actions.reports import report_sign_in
from accounts.actions.resets import ask_reset, finish_reset, token_digest
from accounts.actions.sign_up_factors import prove_app
from accounts.actions.sign_ups import (
    begin_sign_up,
    confirm_address,
    describe_person,
    open_account,
)
from accounts.mail_codes import MAXIMUM_TRIES
from accounts.models import AccountReport, CredentialChange, SignIn, SignUp, Suspension, User
from accounts.undo_links import sign_in_undo_url
from payments.actions.closures import ask_to_close
from payments.actions.data_exports import ask_for_export
from payments.models import Closure, DataExport
from tests.accounts.actions.test_races import MANY, at_once, fresh, stranger
from tests.accounts.mails import code_in, last_mail_to, link_in, sms_code
from tests.people import PASSWORD, fresh_email, make_customer, session_key_for, totp_code, totp_now
from wallet_site.outbox.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


@dataclass(frozen=True)
class Race:
    """`work` is done sixty times at once; so many are `done`, the others are refused by one of `refusals`, and the
    database holds `left` once."""

    work: Callable[[], object]
    done: int
    refusals: set[str]
    left: Callable[[], object]


def rows(model: type[Model], **which: object) -> Callable[[], int]:
    return lambda: model._default_manager.filter(**which).count()


def a_sign_up() -> tuple[SignUp, str]:
    email = fresh_email("hana")
    sign_up = begin_sign_up(email, language="en", actor=stranger())
    return sign_up, code_in(last_mail_to(email))


def sign_up_code() -> Race:
    sign_up, code = a_sign_up()
    confirmed = rows(SignUp, pk=sign_up.pk, email_confirmed_at__isnull=False, code_tries=MANY - 1)
    return Race(
        lambda: confirm_address(sign_up.pk, code, actor=stranger()), 1, {"wrong-mail-code"}, confirmed
    )


def end_of_sign_up() -> Race:
    sign_up, code = a_sign_up()
    confirm_address(sign_up.pk, code, actor=stranger())
    describe_person(sign_up.pk, full_name="Hana Kato", password=PASSWORD, actor=stranger())
    prove_app(sign_up.pk, totp_code(SignUp.objects.get(pk=sign_up.pk).totp_seed or ""), actor=stranger())
    opened = rows(User, email=sign_up.email)
    return Race(lambda: open_account(sign_up.pk, actor=stranger()), 1, {"sign-up-over"}, opened)


def phone_code() -> Race:
    aya, number = make_customer("aya"), "+819033334444"
    ask_phone(aya.user, number, actor=fresh(aya))
    code = sms_code(number)
    changed = rows(CredentialChange, user=aya.user, kind="phone_changed")
    return Race(lambda: confirm_phone(aya.user, code, actor=fresh(aya)), 1, {"no-pending-change"}, changed)


def notice_address_code() -> Race:
    aya, address = make_customer("aya"), fresh_email("second")
    ask_notice_address(aya.user, address, actor=fresh(aya))
    code = code_in(last_mail_to(address))
    changed = rows(CredentialChange, user=aya.user, kind="notice_address_added")
    return Race(
        lambda: confirm_notice_address(aya.user, code, actor=fresh(aya)), 1, {"no-pending-change"}, changed
    )


def reset_link() -> Race:
    aya = make_customer("aya")
    ask_reset(aya.email, actor=stranger())
    stored = token_digest(link_in(last_mail_to(aya.email), "/reset/link/").split("/")[-2])
    code = totp_now(aya)

    def finish() -> object:
        return finish_reset(stored, answer=code, new_password="lanterns upon a bridge", actor=stranger())

    changed = rows(CredentialChange, user=aya.user, kind="password_changed")
    return Race(finish, 1, {"link-over", "wrong-code", "too-many-tries"}, changed)


def sign_in_report_link() -> Race:
    aya = make_customer("aya")
    session_key_for(aya)
    browser = SignIn.objects.get(user=aya.user)
    token = sign_in_undo_url(browser, aya.email, at=browser.started_at).split("/")[-2]

    def left() -> int:
        assert Suspension.objects.filter(user=aya.user).count() == 1
        return AccountReport.objects.filter(user=aya.user).count()

    return Race(lambda: report_sign_in(token, actor=stranger()), MANY, set(), left)


def wish_to_close() -> Race:
    aya = make_customer("aya")

    def told_once() -> int:
        assert Event.objects.filter(user_id=aya.user.pk, topic="payments:closure:asked").count() == 1
        return Closure.objects.filter(user=aya.user).count()

    return Race(lambda: ask_to_close(aya.user, actor=fresh(aya)), MANY, set(), told_once)


def wish_for_ones_data() -> Race:
    aya = make_customer("aya")

    def told_once() -> int:
        assert Event.objects.filter(user_id=aya.user.pk, topic="payments:data_export:asked").count() == 1
        return DataExport.objects.filter(user=aya.user).count()

    return Race(lambda: ask_for_export(aya.user, actor=fresh(aya)), MANY, set(), told_once)


RACES = [
    *(sign_up_code, end_of_sign_up, phone_code, notice_address_code, reset_link, sign_in_report_link),
    *(wish_to_close, wish_for_ones_data),
]


@pytest.mark.requirement(9, 21, 28, 30)
@pytest.mark.parametrize("prepare", RACES, ids=lambda one: one.__name__)
def test_sixty_at_once_do_it_once(prepare: Callable[[], Race]) -> None:
    race = prepare()
    outcomes = at_once(lambda _number: race.work(), MANY)
    assert outcomes["done"] == race.done, outcomes
    assert set(outcomes) - {"done"} <= race.refusals
    assert sum(outcomes.values()) == MANY
    assert race.left() == 1


def test_sixty_wrong_codes_of_a_sign_up_are_all_counted_and_five_looked_at() -> None:
    sign_up, code = a_sign_up()
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    outcomes = at_once(lambda _number: confirm_address(sign_up.pk, wrong, actor=stranger()), MANY)
    assert outcomes == {"wrong-mail-code": MANY}
    assert SignUp.objects.get(pk=sign_up.pk).code_tries == MANY > MAXIMUM_TRIES
    outcomes = at_once(lambda _number: confirm_address(sign_up.pk, code, actor=stranger()), 1)
    assert outcomes == {"wrong-mail-code": 1}
    assert SignUp.objects.get(pk=sign_up.pk).email_confirmed_at is None
