"""Signing up: five steps, nothing before the last, and nobody learns who has an account."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import CredentialChange, Passkey, RecoveryCode, SignIn, SignUp, TotpDevice, User
from payments.models import Account
from tests.accounts.mails import code_in, last_mail_to, mails_to
from tests.accounts.passkey_pages import ask, make, use
from tests.authenticator import Authenticator, with_passkey
from tests.people import PASSWORD, anonymous_client, fresh_email, make_customer, totp_code
from wallet_site.outbox.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS, CODE, ABOUT, FACTOR, APP, SAVED = (
    reverse(f"accounts:{name}")
    for name in (
        "sign_up", "sign_up_code", "sign_up_about", "sign_up_factor", "sign_up_app", "sign_up_saved",
    )
)  # fmt: skip


def to_step(client: Client, email: str, last: str) -> None:
    """Walk the steps until `last` is the page shown."""
    client.post(ADDRESS, {"email": email})
    if last == CODE:
        return
    client.post(CODE, {"code": code_in(last_mail_to(email))})
    if last == ABOUT:
        return
    client.post(ABOUT, {"full_name": "Hana Kato", "password": PASSWORD})
    if last in (FACTOR, APP):
        return
    client.post(APP, {"code": totp_code(key_on(client))})


def key_on(client: Client) -> str:
    found = re.search(r'data-copies="([A-Z2-7]{32})"', client.get(APP).content.decode())
    assert found
    return found.group(1)


@pytest.mark.requirement(7)
def test_five_steps_open_an_account_at_once_and_no_earlier() -> None:
    client, email = anonymous_client(), fresh_email("hana")
    to_step(client, email, SAVED)
    page = client.get(SAVED).content.decode()
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", page)
    assert len(codes) == 10
    assert not User.objects.filter(email=email).exists()
    before = client.session.session_key

    done = client.post(SAVED, {"saved": "on"})

    assert done.status_code == 302
    assert done["Location"] == reverse("payments:home")
    user = User.objects.get(email=email)
    assert user.kind == "customer"
    assert user.check_password(PASSWORD)
    assert TotpDevice.objects.filter(user=user, confirmed=True).count() == 1
    assert RecoveryCode.objects.filter(code_set__user=user, used_at=None).count() == 10
    assert Account.objects.filter(owner=user).exists()
    assert SignIn.objects.filter(user=user, ended_at=None).count() == 1
    assert client.session.session_key != before
    assert client.get(reverse("accounts:security")).status_code == 200
    sign_up = SignUp.objects.get(user=user)
    assert (sign_up.password_hash, sign_up.totp_seed, sign_up.recovery_codes) == ("", None, None)
    assert last_mail_to(email).subject


@pytest.mark.requirement(7, 8)
def test_a_passkey_opens_an_account_too_and_is_all_that_it_takes_to_come_back() -> None:
    client, email = anonymous_client(), fresh_email("hana")
    phone = Authenticator(aaguid=bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd"))
    to_step(client, email, FACTOR)
    assert client.get(SAVED)["Location"] == FACTOR
    assert make(client, FACTOR, phone)["Location"] == SAVED
    assert not Passkey.objects.filter(credential_id=phone.credential_id).exists(), (
        "nothing before the last step"
    )
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", client.get(SAVED).content.decode())
    assert len(codes) == 10
    assert client.post(SAVED, {"saved": "on"})["Location"] == reverse("payments:home")

    user = User.objects.get(email=email)
    passkey = Passkey.objects.get(user=user)
    assert (passkey.name, passkey.confirmed) == ("iCloud Keychain", True)
    assert user.check_password(PASSWORD)
    assert not TotpDevice.objects.filter(user=user).exists()
    assert RecoveryCode.objects.filter(code_set__user=user, used_at=None).count() == 10
    assert SignIn.objects.get(user=user, ended_at=None).factor == "passkey"
    assert client.get(reverse("accounts:security")).status_code == 200
    sign_up = SignUp.objects.get(user=user)
    assert (sign_up.passkey, sign_up.recovery_codes, sign_up.password_hash) == (None, None, "")
    kinds = CredentialChange.objects.filter(user=user).values_list("kind", flat=True)
    assert sorted(kinds) == ["passkey_added", "recovery_codes_added"]
    assert len(mails_to(email)) == 2, (
        "the code and the welcome; what belongs to the opening is no change of its own"
    )

    back = anonymous_client()
    sign_in = reverse("accounts:sign_in")
    assert use(back, phone, sign_in, passkey_alone="yes")["Location"] == reverse("payments:home")


@pytest.mark.requirement(8, 13)
def test_a_passkey_of_another_sign_up_or_person_or_without_its_user_is_refused() -> None:
    client, other = anonymous_client(), anonymous_client()
    to_step(client, fresh_email("hana"), FACTOR)
    to_step(other, fresh_email("ken"), FACTOR)
    phone = Authenticator()
    theirs, ours = ask(other, FACTOR), ask(client, FACTOR)
    assert theirs["options"]["user"]["id"] != ours["options"]["user"]["id"]
    assert ours["options"]["authenticatorSelection"]["userVerification"] == "required"
    for asked, bent in ((theirs, {}), (ours, {"uv": False}), (ours, {})):
        # The last is a question that was answered before.
        given = {"ceremony": asked["ceremony"], "credential": phone.create(asked["options"], **bent)}
        assert b'role="alert"' in client.post(FACTOR, given).content
        assert client.get(SAVED)["Location"] == FACTOR
    _passkey, known = with_passkey(make_customer("aya"))
    assert make(client, FACTOR, known).status_code == 409
    stranger = anonymous_client().post(FACTOR, {"passkey_options": "yes"}, HTTP_ACCEPT="application/json")
    assert stranger["Location"] == ADDRESS
    assert make(client, FACTOR, phone)["Location"] == SAVED


@pytest.mark.requirement(5)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_known_address_gets_the_same_pages_and_a_mail_of_its_own(language: str) -> None:
    aya = make_customer("aya")
    pages = []
    for email in (aya.email, fresh_email("hana")):
        client = anonymous_client()
        client.get(reverse("accounts:sign_in"), HTTP_ACCEPT_LANGUAGE=language)
        first = client.post(ADDRESS, {"email": email}, HTTP_ACCEPT_LANGUAGE=language)
        shown = client.get(CODE, HTTP_ACCEPT_LANGUAGE=language)
        wrong = client.post(CODE, {"code": "00000000"}, HTTP_ACCEPT_LANGUAGE=language)
        again = client.post(reverse("accounts:sign_up_resend"), HTTP_ACCEPT_LANGUAGE=language)
        bodies = [
            answer.content.decode().replace(email, "ADDRESS") for answer in (first, shown, wrong, again)
        ]
        plain = [re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", body) for body in bodies]
        pages.append((plain, [answer.status_code for answer in (first, shown, wrong, again)]))
        assert len(mails_to(email)) >= 2
    assert pages[0] == pages[1]
    told = last_mail_to(aya.email)
    assert not re.search(r"[0-9]{8}", str(told.body).replace("0120", ""))
    assert User.objects.filter(email=aya.email).count() == 1


@pytest.mark.requirement(5)
def test_no_code_is_right_for_a_known_address() -> None:
    aya = make_customer("aya")
    client = anonymous_client()
    client.post(ADDRESS, {"email": aya.email})
    for code in ("", "00000000", "None", "null"):
        client.post(CODE, {"code": code})
        assert client.get(ABOUT)["Location"] == CODE


def test_five_wrong_codes_kill_the_right_one_and_a_new_one_revives() -> None:
    client, email = anonymous_client(), fresh_email("hana")
    client.post(ADDRESS, {"email": email})
    right = code_in(last_mail_to(email))
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    for _try in range(5):
        assert client.post(CODE, {"code": wrong}).status_code == 200
    assert client.post(CODE, {"code": right}).status_code == 200
    client.post(reverse("accounts:sign_up_resend"))
    assert client.post(CODE, {"code": code_in(last_mail_to(email))})["Location"] == ABOUT


def test_the_code_is_stored_as_a_digest_and_sealed_in_what_is_owed() -> None:
    client, email = anonymous_client(), fresh_email("hana")
    client.post(ADDRESS, {"email": email})
    code = code_in(last_mail_to(email))
    sign_up = SignUp.objects.get(email=email)
    assert sign_up.code_digest is not None
    assert code.encode() not in bytes(sign_up.code_digest)
    assert not Event.objects.filter(payload__address=email, payload__sealed_code__contains=code).exists()


@pytest.mark.parametrize("page", [ABOUT, FACTOR, APP, SAVED])
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_step_can_be_skipped(page: str, method: str) -> None:
    client, email = anonymous_client(), fresh_email("hana")
    client.post(ADDRESS, {"email": email})
    data = {"full_name": "X Y", "password": PASSWORD, "code": "123456", "saved": "on"}
    answer = client.get(page) if method == "get" else client.post(page, data)
    assert answer["Location"] == CODE
    assert not User.objects.filter(email=email).exists()


def test_codes_are_limited_for_one_address() -> None:
    email = fresh_email("hana")
    answers = [anonymous_client().post(ADDRESS, {"email": email}) for _try in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert len(mails_to(email)) == 5


@pytest.mark.requirement(20)
@pytest.mark.parametrize(
    "email", ["аya@example.com", "aya@exаmple.com", "ａｙａ@example.com", "aya", "a@b\nBcc: c@d"]
)
def test_twins_and_tricks_are_no_addresses(email: str) -> None:
    answer = anonymous_client().post(ADDRESS, {"email": email})
    assert answer.status_code == 200
    assert b'role="alert"' in answer.content


@pytest.mark.requirement(20, 22)
@pytest.mark.parametrize(
    "trick",
    [
        {"data": {"email": ["{mine}", "{other}"]}},
        {"data": {"email": ["{other}", "{mine}"]}},
        {"data": {"email[]": "{mine}"}},
        {"data": {"email": "{mine},{other}"}},
        {"data": '{{"email": "{mine}", "to": "{other}"}}', "content_type": "application/json"},
        {"data": {"email": "{mine}"}, "headers": {"Host": "evil.example"}},
    ],
)
def test_a_trick_begins_no_sign_up_and_sends_nothing(trick: dict[str, Any]) -> None:
    mine, other = fresh_email("hana"), fresh_email("other")

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        return value.format(mine=mine, other=other)

    answer = anonymous_client().post(
        ADDRESS, filled(trick["data"]), **{k: v for k, v in trick.items() if k != "data"}
    )
    assert answer.status_code in (200, 400)
    assert not SignUp.objects.filter(email__in=[mine, other]).exists()
    assert mails_to(mine) == mails_to(other) == []


@pytest.mark.requirement(22)
def test_forwarding_headers_get_into_no_mail() -> None:
    email = fresh_email("hana")
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Host": "evil.example"}
    anonymous_client().post(ADDRESS, {"email": email}, headers=headers)
    assert "evil.example" not in str(last_mail_to(email).message())


@pytest.mark.requirement(3)
@pytest.mark.parametrize(
    "password",
    ["short", "password1234", "111111111111", "abcdefghijklmnop", "hana.kato2024!", "kakehashi-wallet"],
)
def test_weak_passwords_are_refused_with_a_reason(password: str) -> None:
    client = anonymous_client()
    to_step(client, fresh_email("hana.kato"), ABOUT)
    answer = client.post(ABOUT, {"full_name": "Hana Kato", "password": password})
    assert answer.status_code == 200
    assert b'href="#id_password"' in answer.content


@pytest.mark.requirement(1)
def test_long_passwords_are_taken_whole() -> None:
    client, email = anonymous_client(), fresh_email("hana")
    to_step(client, email, ABOUT)
    password = " ".join(["correct horse battery staple"] * 4) + " ends"
    assert client.post(ABOUT, {"full_name": "Hana Kato", "password": password})["Location"] == FACTOR
    client.post(APP, {"code": totp_code(key_on(client))})
    client.post(SAVED, {"saved": "on"})
    user = User.objects.get(email=email)
    assert user.check_password(password)
    assert not user.check_password(password[:64])


def test_codes_not_said_to_be_saved_open_nothing() -> None:
    client, email = anonymous_client(), fresh_email("hana")
    to_step(client, email, SAVED)
    assert client.post(SAVED, {}).status_code == 200
    assert not User.objects.filter(email=email).exists()


def test_two_sign_ups_with_one_address_open_one_account() -> None:
    email = fresh_email("hana")
    one, other = anonymous_client(), anonymous_client()
    to_step(one, email, SAVED)
    to_step(other, email, SAVED)
    assert one.post(SAVED, {"saved": "on"}).status_code == 302
    assert other.post(SAVED, {"saved": "on"}).status_code == 409
    assert User.objects.filter(email=email).count() == 1
    assert other.get(reverse("accounts:security")).status_code == 302
