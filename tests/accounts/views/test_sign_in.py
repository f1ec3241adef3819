"""Signing in: two steps for everybody, on any path, and nothing that stands in for the second."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions.suspensions import suspend
from accounts.models import CredentialChange, FactorGuesses, RecoveryCode, SignIn
from tests.accounts.mails import mails_to
from tests.people import (
    PASSWORD,
    Person,
    anonymous_client,
    fresh_email,
    make_customer,
    make_staff,
    signed_in_client,
    totp_now,
    wrong_code,
)
from wallet_site.actor import Actor

pytestmark = pytest.mark.django_db(transaction=True)

SIGN_IN = reverse("accounts:sign_in")
SECURITY = reverse("accounts:security")
FIRST, SECOND = {"sign_in_view-current_step": "auth"}, {"sign_in_view-current_step": "token"}


def give_password(client: Client, email: str, password: str = PASSWORD, url: str = SIGN_IN):
    return client.post(url, FIRST | {"auth-email": email, "auth-password": password})


def give_code(client: Client, code: str, url: str = SIGN_IN, **more: str):
    return client.post(url, SECOND | {"token-code": code} | more)


def sign_in(client: Client, person: Person, url: str = SIGN_IN):
    give_password(client, person.email, url=url)
    return give_code(client, totp_now(person), url=url)


def is_in(client: Client) -> bool:
    return client.get(SECURITY).status_code == 200


def plain(answer) -> str:
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
    return re.sub(r"[\w.]+@example\.com", "ADDRESS", body)


@pytest.mark.requirement(32)
def test_password_and_code_begin_a_session_under_a_new_id() -> None:
    aya, client = make_customer("aya"), anonymous_client()
    ids = []
    client.get(SIGN_IN)
    give_password(client, aya.email)
    ids.append(client.session.session_key)
    answer = give_code(client, totp_now(aya))
    ids.append(client.session.session_key)
    assert answer["Location"] == reverse("payments:home")
    assert len(set(ids)) == 2
    assert is_in(client)
    row = SignIn.objects.get(user=aya.user, ended_at=None)
    assert row.device == "Chrome on Windows"
    assert row.factor == "totp"
    assert ids[1].encode() not in bytes(row.session_digest)
    other = Client()
    other.cookies["session"] = ids[0]
    assert not is_in(other)


@pytest.mark.requirement(7)
def test_a_password_alone_opens_nothing() -> None:
    aya, client = make_customer("aya"), anonymous_client()
    give_password(client, aya.email)
    assert not is_in(client)
    assert "_auth_user_id" not in client.session
    assert not SignIn.objects.filter(user=aya.user).exists()


@pytest.mark.requirement(7)
def test_somebody_without_a_factor_never_gets_in() -> None:
    nobody, client = make_customer("nobody"), anonymous_client()
    for code in ("000000", "", "AAAA-AAAA-AAAA-AAAA"):
        give_password(client, nobody.email)
        give_code(client, code)
        assert not is_in(client)
    assert not SignIn.objects.filter(user=nobody.user).exists()


@pytest.mark.requirement(13)
@pytest.mark.parametrize(
    "data",
    [
        {**SECOND, "token-code": "123456"},
        {"wizard_goto_step": "token"},
        {**SECOND, "token-code": "123456", "wizard_goto_step": "token"},
        {**SECOND, "use_recovery": "yes"},
        {"sign_in_view-current_step": "backup", "backup-otp_token": "1"},
        {**SECOND, "challenge_device": "accounts.totpdevice/1"},
    ],
)
def test_the_second_step_alone_is_no_way_in(data: dict[str, str]) -> None:
    client = anonymous_client()
    client.get(SIGN_IN)
    client.post(SIGN_IN, data)
    client.post(SIGN_IN, data)
    assert "_auth_user_id" not in client.session
    assert not is_in(client)


@pytest.mark.requirement(13)
def test_whose_code_is_asked_cannot_be_chosen() -> None:
    aya, ken, client = make_customer("aya"), make_customer("ken"), anonymous_client()
    give_password(client, aya.email)
    answer = give_code(client, totp_now(ken), user=str(ken.user.pk), **{"token-user": str(ken.user.pk)})
    assert answer.status_code == 200
    assert not is_in(client)


@pytest.mark.requirement(5)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(language: str) -> None:
    aya = make_customer("aya")
    answers = []
    for email in (aya.email, fresh_email("nobody")):
        client = anonymous_client()
        answers.append(
            client.post(
                SIGN_IN,
                FIRST | {"auth-email": email, "auth-password": "not the password at all"},
                HTTP_ACCEPT_LANGUAGE=language,
            )
        )
    assert answers[0].status_code == answers[1].status_code == 200
    assert plain(answers[0]) == plain(answers[1])


@pytest.mark.requirement(5)
def test_the_limit_says_nothing_about_an_account_either() -> None:
    aya = make_customer("aya")
    answers = []
    for email in (aya.email, fresh_email("nobody")):
        client = anonymous_client()
        tries = [give_password(client, email, "not the password") for _try in range(11)]
        answers.append([(one.status_code, plain(one)) for one in tries])
    assert answers[0] == answers[1]
    assert answers[0][-1][0] == 429


@pytest.mark.requirement(16)
def test_past_the_limit_the_right_password_is_not_looked_at_from_there_but_from_elsewhere() -> None:
    aya, attacker = make_customer("aya"), anonymous_client()
    for _try in range(10):
        give_password(attacker, aya.email, "not the password")
    give_password(attacker, aya.email)
    give_code(attacker, totp_now(aya))
    assert not is_in(attacker)
    owner = anonymous_client()
    sign_in(owner, aya)
    assert is_in(owner)


@pytest.mark.requirement(15)
def test_no_cookie_is_ever_set_to_remember_a_browser() -> None:
    aya, client = make_customer("aya"), anonymous_client()
    give_password(client, aya.email)
    give_code(client, totp_now(aya), **{"token-remember": "on"})
    assert not [name for name in client.cookies if "remember" in name]
    again = anonymous_client()
    again.cookies["remember-cookie_x"] = "a:b:c"
    give_password(again, aya.email)
    assert not is_in(again)


@pytest.mark.requirement(9)
def test_a_code_works_once() -> None:
    aya = make_customer("aya")
    code = totp_now(aya)
    one, other = anonymous_client(), anonymous_client()
    for client in (one, other):
        give_password(client, aya.email)
        give_code(client, code)
    assert is_in(one)
    assert not is_in(other)


@pytest.mark.requirement(10)
def test_a_recovery_code_lets_in_once_and_tells() -> None:
    aya = make_customer("aya")
    one, other = anonymous_client(), anonymous_client()
    for client in (one, other):
        give_password(client, aya.email)
        assert b"ABCD-EFGH" in client.post(SIGN_IN, SECOND | {"use_recovery": "yes"}).content
        give_code(client, aya.recovery_codes[0].lower(), with_recovery="yes")
    assert is_in(one)
    assert not is_in(other)
    assert RecoveryCode.objects.filter(code_set__user=aya.user, used_at=None).count() == 9
    assert CredentialChange.objects.filter(user=aya.user, kind="recovery_code_used").count() == 1
    assert any("recovery" in m.subject.lower() or "リカバリー" in m.subject for m in mails_to(aya.email))


@pytest.mark.requirement(18)
def test_a_right_password_with_wrong_codes_is_told_once() -> None:
    mio, client = make_customer("mio"), anonymous_client()
    give_password(client, mio.email)
    for _try in range(3):
        give_code(client, wrong_code(mio))
    told = [m for m in mails_to(mio.email) if "wrong code" in m.subject]
    assert len(told) == 1
    assert client.get("/").status_code == 302
    assert "Chrome on Windows" in str(told[0].body)
    assert FactorGuesses.objects.get(user=mio.user).in_a_row == 3


@pytest.mark.requirement(17)
def test_after_ten_wrong_codes_the_right_one_is_not_looked_at() -> None:
    aya = make_customer("aya")
    for _try in range(10):
        client = anonymous_client()
        give_password(client, aya.email)
        give_code(client, wrong_code(aya))
    client = anonymous_client()
    give_password(client, aya.email)
    answer = give_code(client, totp_now(aya))
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 3000
    assert not is_in(client)


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/security/", "/security/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http:///evil.example", "/"),
    ],
)
def test_next_leads_only_to_pages_of_ours(wanted: str, goes_to: str) -> None:
    aya, client = make_customer("aya"), anonymous_client()
    answer = sign_in(client, aya, url=f"{SIGN_IN}?next={wanted}")
    assert answer["Location"] == goes_to


@pytest.mark.requirement(38)
def test_staff_land_in_the_admin_and_nowhere_else() -> None:
    rin, client = make_staff("rin"), anonymous_client()
    assert sign_in(client, rin, url=f"{SIGN_IN}?next=/security/")["Location"] == reverse("admin:index")
    assert client.get(SECURITY)["Location"] == reverse("admin:index")


@pytest.mark.requirement(34)
@pytest.mark.parametrize("scope", ["sign_in", "all"])
def test_a_suspension_ends_the_session_at_the_next_request_and_says_so_only_after_both_proofs(
    scope: str,
) -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    assert is_in(client)
    suspend(
        aya.user,
        scope=scope,
        reason_code="fraud",
        reason="seen in the test",
        channel="agent",
        actor=Actor.system("tests"),
    )
    assert not is_in(client)
    fresh = anonymous_client()
    half = give_password(fresh, aya.email)
    assert half.status_code == 200
    done = give_code(fresh, totp_now(aya))
    assert done.status_code == 403
    assert "unusual" in done.content.decode()
    assert "seen in the test" not in done.content.decode()
    assert not is_in(fresh)
    wrong = anonymous_client()
    give_password(wrong, aya.email)
    assert give_code(wrong, wrong_code(aya)).status_code == 200


def test_a_partial_suspension_leaves_the_way_in_open_and_is_shown() -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    suspend(
        aya.user,
        scope="top_up",
        reason_code="fraud",
        reason="x",
        channel="agent",
        actor=Actor.system("tests"),
    )
    page = client.get(SECURITY).content.decode()
    assert "Topping up" in page
    assert "unusual" in page


def test_signing_out_ends_the_session_everywhere_and_only_by_post() -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    key = client.session.session_key
    assert client.get(reverse("accounts:sign_out")).status_code == 405
    client.post(reverse("accounts:sign_out"))
    copy = Client()
    copy.cookies["session"] = key
    assert not is_in(copy)
    assert SignIn.objects.get(user=aya.user).ended_why == "signed_out"


def test_a_session_made_by_hand_in_the_table_is_none() -> None:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    SignIn.objects.filter(user=aya.user).update(session_digest=b"other" + bytes(27))
    assert not is_in(client)


def test_the_page_is_in_the_persons_language_after_signing_in() -> None:
    mio, client = make_customer("mio"), anonymous_client()
    client.get(SIGN_IN, HTTP_ACCEPT_LANGUAGE="ja")
    sign_in(client, mio)
    assert '<html lang="en"' in client.get(SECURITY, HTTP_ACCEPT_LANGUAGE="ja").content.decode()


@pytest.mark.requirement(31)
def test_a_half_way_sign_in_dies_with_the_old_password() -> None:
    aya, client = make_customer("aya"), anonymous_client()
    give_password(client, aya.email)
    aya.user.set_password("seven lanterns on a bridge")
    aya.user.save(update_fields=["password"])
    give_code(client, totp_now(aya))
    assert not is_in(client)
    give_password(client, aya.email, "seven lanterns on a bridge")
    give_code(client, totp_now(aya))
    assert is_in(client)


def test_a_half_way_sign_in_ends_after_five_minutes() -> None:
    aya, client = make_customer("aya"), anonymous_client()
    give_password(client, aya.email)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        answer = give_code(client, totp_now(aya))
    assert answer.status_code == 200
    assert not is_in(client)


@pytest.mark.requirement(36)
def test_staff_can_confirm_a_factor_and_come_back_to_the_admin() -> None:
    rin = make_staff("rin")
    client = signed_in_client(rin)
    step_up = reverse("accounts:step_up")
    assert client.get(step_up).status_code == 200
    answer = client.post(step_up, {"code": totp_now(rin), "next": "/admin/accounts/"})
    assert answer["Location"] == "/admin/accounts/"


@pytest.mark.requirement(32)
@pytest.mark.parametrize(("who", "idle", "total"), [("customer", 30, 12 * 60), ("staff", 15, 8 * 60)])
def test_sessions_end_idle_and_at_last(who: str, idle: int, total: int) -> None:
    home = SECURITY if who == "customer" else reverse("admin:index")
    for column, minutes in (("last_seen_at", idle), ("started_at", total)):
        person = make_customer("aya") if who == "customer" else make_staff("rin", superuser=True)
        client = signed_in_client(person)
        past = {column: F(column) - timedelta(minutes=minutes - 1)}
        SignIn.objects.filter(user=person.user).update(**past)
        assert client.get(home).status_code == 200
        SignIn.objects.filter(user=person.user).update(
            **{column: timezone.now() - timedelta(minutes=minutes + 1)}
        )
        assert client.get(home).status_code == 302


@pytest.mark.parametrize(
    "wanted", ["home", "no-such-page", "//example.org/", "/\\example.org", "https:example.org"]
)
def test_a_next_that_is_no_path_of_ours_leads_home(wanted: str) -> None:
    aya, client = make_customer("aya"), anonymous_client()
    answer = sign_in(client, aya, url=f"{SIGN_IN}?next={quote(wanted)}")
    assert (answer.status_code, answer["Location"]) == (302, reverse("payments:home"))
