"""A lost factor: two different proofs after the password, told elsewhere too, and only then a new factor."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.actions.recoveries import by_code
from accounts.errors import RecoveryOver
from accounts.models import ApiDevice, FactorGuesses, Recovery, RecoveryCode, SignIn, TotpDevice
from accounts.policy import cool_off
from accounts.two_factor.codes import GUESSES_IN_A_ROW, check_code
from tests.accounts.mails import mails_to
from tests.accounts.recovering import (
    APP,
    CODE,
    CODES,
    MAIL,
    PASSWORD_PAGE,
    SIGN_IN,
    deliveries_of,
    let_pass,
    mailed_code,
    mailed_link,
    opened_long_ago,
    opens_with,
    past_the_password,
    past_the_recovery_code,
    set_up,
    wait_out,
    with_phone,
)
from tests.people import (
    PASSWORD,
    Person,
    anonymous_client,
    make_customer,
    make_staff,
    signed_in_client,
    totp_code,
    totp_now,
    wrong_code,
)
from tests.support.desk import stop
from wallet_site.actor import Actor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


def recovery_of(person: Person) -> Recovery:
    return Recovery.objects.filter(user=person.user).latest("pk")


@pytest.mark.requirement(23)
def test_password_recovery_code_and_mailed_code_bring_a_new_factor() -> None:
    aya = with_phone(make_customer("aya"))
    signed_in, old_codes = signed_in_client(aya), list(aya.recovery_codes)
    device = ApiDevice.objects.create(user=aya.user, name="Pixel", key_thumbprint="x" * 43)
    browser = past_the_recovery_code(aya)
    assert browser.post(MAIL, {"code": mailed_code(aya)})["Location"] == APP
    seed, codes = set_up(browser)

    assert recovery_of(aya).state == "completed"
    assert [one.seed for one in TotpDevice.objects.filter(user=aya.user)] == [seed]
    assert not opens_with(aya, totp_code(aya.seed))
    assert not opens_with(aya, old_codes[1])
    assert opens_with(aya, totp_code(seed))
    assert len(codes) == 10
    assert opens_with(aya, codes[0])
    # Nobody is signed in by it, and everybody who was is out.
    assert browser.get(reverse("accounts:security")).status_code == 302
    assert signed_in.get(reverse("accounts:security")).status_code == 302
    assert not SignIn.objects.filter(user=aya.user, ended_at=None).exists()
    device.refresh_from_db()
    assert device.revoked_at is not None
    # Nothing that could set a factor up lies about any more.
    done = recovery_of(aya)
    assert (done.key_digest, done.totp_seed, done.recovery_codes, done.code_digest) == (
        None,
        None,
        None,
        None,
    )


@pytest.mark.requirement(24)
@pytest.mark.requirement(26)
def test_it_is_told_at_every_address_and_not_only_where_the_code_went() -> None:
    aya = with_phone(make_customer("aya"))
    browser = past_the_recovery_code(aya)
    browser.post(MAIL, {"code": mailed_code(aya)})
    set_up(browser)
    mails_to(aya.email)
    recovery = recovery_of(aya)
    told = {(one.event.payload["state"], one.channel) for one in deliveries_of(recovery)}
    assert told == {(state, channel) for state in ("proving", "completed") for channel in ("email", "sms")}
    assert {one.state for one in deliveries_of(recovery)} == {"sent"}


@pytest.mark.requirement(29)
def test_limits_stay_low_afterwards(owner_connection: psycopg.Connection) -> None:
    aya = make_customer("aya")
    opened_long_ago(owner_connection, aya)
    with_phone(aya)
    browser = past_the_recovery_code(aya)
    browser.post(MAIL, {"code": mailed_code(aya)})
    set_up(browser)
    end = cool_off(aya.user.pk)
    assert end is not None
    assert timedelta(hours=71) < end - timezone.now() <= timedelta(hours=72)


@pytest.mark.requirement(24)
def test_who_can_be_told_nowhere_else_waits_a_day(owner_connection: psycopg.Connection) -> None:
    aya = make_customer("aya")
    browser = past_the_recovery_code(aya)
    page = browser.post(MAIL, {"code": mailed_code(aya)})
    assert page.status_code == 200
    recovery = recovery_of(aya)
    assert recovery.state == "waiting"
    assert recovery.waits_until is not None
    assert recovery.waits_until - recovery.changed_at == timedelta(hours=24)
    assert browser.get(APP).status_code == 410
    wait_out(owner_connection, aya, recovery)
    assert recovery.state == "ready"
    # In another browser, days later: the link, then the password again.
    later = anonymous_client()
    assert later.get(mailed_link(aya))["Location"] == PASSWORD_PAGE
    assert later.post(PASSWORD_PAGE, {"password": aya.password})["Location"] == APP
    seed, _codes = set_up(later)
    assert opens_with(aya, totp_code(seed))


@pytest.mark.requirement(24)
def test_a_channel_that_does_not_exist_here_is_no_other_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that no gateway can reach tells nobody anything."""
    aya = with_phone(make_customer("aya"))
    browser = past_the_recovery_code(aya)
    monkeypatch.setattr(by_code, "exists", lambda channel: channel == "email")
    browser.post(MAIL, {"code": mailed_code(aya)})
    assert recovery_of(aya).state == "waiting"


@pytest.mark.requirement(17)
def test_a_hundred_wrong_codes_lead_here_and_are_over_afterwards() -> None:
    aya = with_phone(make_customer("aya"))
    FactorGuesses.objects.create(user=aya.user, in_a_row=GUESSES_IN_A_ROW)
    browser = anonymous_client()
    browser.post(
        SIGN_IN,
        {"sign_in_view-current_step": "auth", "auth-email": aya.email, "auth-password": aya.password},
    )
    refused = browser.post(SIGN_IN, {"sign_in_view-current_step": "token", "token-code": totp_now(aya)})
    assert refused.status_code == 403
    assert "recovery code" in refused.content.decode()
    assert browser.post(SIGN_IN, {"lost_factor": "yes"})["Location"] == CODE
    assert browser.post(CODE, {"code": aya.recovery_codes[0]})["Location"] == MAIL
    assert not opens_with(aya, totp_now(aya))
    assert not opens_with(aya, aya.recovery_codes[1])
    browser.post(MAIL, {"code": mailed_code(aya)})
    seed, _codes = set_up(browser)
    assert opens_with(aya, totp_code(seed))


@pytest.mark.requirement(23)
@pytest.mark.parametrize("page", [CODE, MAIL, APP, CODES, PASSWORD_PAGE])
def test_no_page_opens_without_what_comes_before_it(page: str) -> None:
    for browser in (anonymous_client(), past_the_password(make_customer("aya"))):
        for answer in (
            browser.get(page),
            browser.post(page, {"code": "12345678", "saved": "on", "password": "x"}),
        ):
            at_hand = page == CODE and browser.session.get("recovery_password")
            assert at_hand or answer.status_code in (302, 410), answer.content
    assert not TotpDevice.objects.filter(name="Authenticator app", user__email="").exists()


@pytest.mark.requirement(23)
@pytest.mark.parametrize("proof", ["the app's code", "a wrong code", "another's recovery code", "nothing"])
def test_the_first_proof_is_a_recovery_code_of_ones_own(proof: str) -> None:
    aya, ken = with_phone(make_customer("aya")), make_customer("ken")
    given = {
        "the app's code": totp_now(aya),
        "a wrong code": wrong_code(aya),
        "another's recovery code": ken.recovery_codes[0],
        "nothing": "",
    }[proof]
    answer = past_the_password(aya).post(CODE, {"code": given})
    assert answer.status_code == 200
    assert b'role="alert"' in answer.content
    assert not Recovery.objects.filter(user=aya.user).exists()
    assert RecoveryCode.objects.filter(code_set__user=ken.user, used_at=None).count() == 10


@pytest.mark.requirement(9)
def test_a_used_recovery_code_and_an_eleventh_guess_begin_nothing() -> None:
    aya = with_phone(make_customer("aya"))
    used = aya.recovery_codes[0]
    check_code(aya.user, used, actor=aya.actor)
    browser = past_the_password(aya)
    for _try in range(10):
        assert browser.post(CODE, {"code": used}).status_code == 200
    refused = browser.post(CODE, {"code": aya.recovery_codes[1]})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert FactorGuesses.objects.get(user=aya.user).in_a_row == 10
    assert not Recovery.objects.filter(user=aya.user).exists()


@pytest.mark.requirement(23)
def test_the_mailed_code_is_tried_five_times_and_not_late(owner_connection: psycopg.Connection) -> None:
    aya = with_phone(make_customer("aya"))
    browser = past_the_recovery_code(aya)
    right = mailed_code(aya)
    for _try in range(5):
        wrong = f"{(int(right) + 1) % 10**8:08d}"
        assert browser.post(MAIL, {"code": wrong}).status_code == 200
    assert browser.post(MAIL, {"code": right}).status_code == 200
    assert recovery_of(aya).state == "proving"
    assert browser.post(reverse("accounts:recovery_mail_again"))["Location"] == MAIL
    assert browser.post(MAIL, {"code": right}).status_code == 200  # the one before is dead
    recovery = recovery_of(aya)
    Recovery.objects.filter(pk=recovery.pk).update(code_sent_at=timezone.now() - timedelta(minutes=11))
    assert browser.post(MAIL, {"code": mailed_code(aya)}).status_code == 200
    assert recovery_of(aya).state == "proving"
    browser.post(reverse("accounts:recovery_mail_again"))
    let_pass(owner_connection, recovery, hours=0.6)
    assert browser.post(MAIL, {"code": mailed_code(aya)})["Location"] == reverse("accounts:recovery")
    assert recovery_of(aya).key_digest is None


def test_another_browser_and_a_changed_password_get_nowhere() -> None:
    aya = with_phone(make_customer("aya"))
    browser = past_the_recovery_code(aya)
    code = mailed_code(aya)
    assert anonymous_client().post(MAIL, {"code": code})["Location"] == reverse("accounts:recovery")
    ready = past_the_password(aya)
    aya.user.set_password("seven lanterns on a bridge")
    aya.user.save(update_fields=["password"])
    assert ready.post(CODE, {"code": aya.recovery_codes[0]})["Location"] == reverse("accounts:recovery")
    # And the change has overtaken what was under way.
    assert recovery_of(aya).state == "overtaken"
    assert browser.post(MAIL, {"code": code})["Location"] == reverse("accounts:recovery")


@pytest.mark.requirement(34)
def test_a_stopped_account_is_not_recovered_by_its_customer_alone() -> None:
    aya = with_phone(make_customer("aya"))
    browser = past_the_password(aya)
    stop(aya)
    answer = browser.post(CODE, {"code": aya.recovery_codes[0]})
    assert answer.status_code == 403
    assert not Recovery.objects.filter(user=aya.user).exists()


@pytest.mark.requirement(38)
def test_staff_have_no_way_of_this_kind() -> None:
    rin = make_staff("rin")
    answer = anonymous_client().post(
        f"{SIGN_IN}?lost",
        {"sign_in_view-current_step": "auth", "auth-email": rin.email, "auth-password": PASSWORD},
    )
    assert answer.status_code == 200
    assert b"token-code" in answer.content


def test_a_second_begin_ends_the_first_and_its_key() -> None:
    aya = with_phone(make_customer("aya"))
    first = past_the_recovery_code(aya)
    first.post(MAIL, {"code": mailed_code(aya)})
    assert first.get(APP).status_code == 200
    second = past_the_recovery_code(aya)
    assert first.get(APP).status_code == 410
    assert first.post(CODES, {"saved": "on"}).status_code == 410
    second.post(MAIL, {"code": mailed_code(aya)})
    set_up(second)
    states = Recovery.objects.filter(user=aya.user).order_by("pk").values_list("state", flat=True)
    assert list(states) == ["withdrawn", "completed"]


def test_an_unknown_recovery_is_over() -> None:
    with pytest.raises(RecoveryOver):
        by_code.prove_mail_code(0, "12345678", actor=Actor(kind="anonymous", network="203.0.113.1"))
