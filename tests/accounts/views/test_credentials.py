"""Changing password, address and factors: what is asked, who is told, what ends."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import (
    AccessToken,
    ApiDevice,
    ContactChange,
    CredentialChange,
    FormerAddress,
    RecoveryCode,
    SignIn,
    TotpDevice,
    User,
)
from tests.accounts.mails import code_in, last_mail_to, mails_to
from tests.people import (
    PASSWORD,
    Person,
    fresh_email,
    make_customer,
    signed_in_client,
    totp_code,
    totp_now,
)

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PASSWORD = "seven lanterns on a bridge"


def url(name: str, **kwargs: object) -> str:
    return reverse(f"accounts:{name}", kwargs=kwargs or None)


def is_in(client: Client) -> bool:
    return client.get(url("security")).status_code == 200


def change_password(client: Client, current: str = PASSWORD, new: str = NEW_PASSWORD):
    return client.post(url("change_password"), {"current_password": current, "new_password": new})


def kinds(person: Person) -> list[str]:
    changes = CredentialChange.objects.filter(user=person.user, at__gt=person.user.created_at).order_by("pk")
    opening = {"totp_added", "recovery_codes_added"}
    found = [change.kind for change in changes]
    return found[2:] if set(found[:2]) == opening else found


def with_app(person: Person) -> ApiDevice:
    """An app that is signed in with a token."""
    device = ApiDevice.objects.create(user=person.user, name="Pixel", key_thumbprint="t" * 43)
    AccessToken.objects.create(
        digest=bytes(str(device.pk).zfill(32), "ascii"), device=device, expires_at="2099-01-01T00:00Z"
    )
    return device


@pytest.mark.requirement(4)
@pytest.mark.requirement(25)
@pytest.mark.requirement(31)
@pytest.mark.requirement(32)
def test_a_new_password_ends_all_else_and_goes_on_here_under_a_new_id() -> None:
    mio = make_customer("mio")
    here, there = signed_in_client(mio), signed_in_client(mio)
    device = with_app(mio)
    before = here.session.session_key

    assert change_password(here)["Location"] == url("security")

    mio.user.refresh_from_db()
    assert mio.user.check_password(NEW_PASSWORD)
    assert is_in(here)
    assert here.session.session_key != before
    assert not is_in(there)
    device.refresh_from_db()
    assert device.revoked_at is not None
    assert not AccessToken.objects.filter(device=device).exists()
    assert "password_changed" in kinds(mio)
    told = [m for m in mails_to(mio.email) if m.subject == "Your password was changed"]
    assert len(told) == 1
    old_cookie = Client()
    old_cookie.cookies["session"] = before
    assert not is_in(old_cookie)


@pytest.mark.requirement(4)
@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("not the password", NEW_PASSWORD, "current_password"),
        (PASSWORD, PASSWORD, "new_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "passwordpassword", "new_password"),
    ],
)
def test_a_password_that_is_refused_changes_nothing(current: str, new: str, field: str) -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    answer = change_password(client, current, new)
    assert f'href="#id_{field}"' in answer.content.decode()
    mio.user.refresh_from_db()
    assert mio.user.check_password(PASSWORD)
    assert kinds(mio) == []


@pytest.mark.requirement(16)
def test_the_current_password_cannot_be_guessed_in_a_stolen_session() -> None:
    client = signed_in_client(make_customer("mio"))
    for number in range(10):
        assert change_password(client, f"guess number {number}").status_code == 200
    assert change_password(client).status_code == 429


@pytest.mark.requirement(26)
@pytest.mark.requirement(30)
def test_an_address_changes_only_by_the_code_from_the_new_one_and_both_are_told() -> None:
    mio, new = make_customer("mio"), fresh_email("new")
    old = mio.email
    here, there = signed_in_client(mio), signed_in_client(mio)

    assert here.post(url("change_email"), {"new_email": new})["Location"] == url("confirm_email")
    assert User.objects.get(pk=mio.user.pk).email == old
    assert "asked for" in last_mail_to(old).subject
    page = here.get(url("security")).content.decode()
    assert new in page
    assert "data-countdown" in page

    code = code_in(last_mail_to(new))
    assert here.post(url("confirm_email"), {"code": code})["Location"] == url("security")
    assert User.objects.get(pk=mio.user.pk).email == new
    assert is_in(here)
    assert not is_in(there)
    for address in (old, new):
        assert last_mail_to(address).subject == "Your e-mail address was changed"
    assert FormerAddress.objects.get(user=mio.user).email == old


@pytest.mark.requirement(5)
def test_an_address_that_somebody_has_looks_the_same_and_no_code_is_right() -> None:
    aya, ken = make_customer("mio"), make_customer("mio")
    bodies = []
    for wanted in (ken.email, fresh_email("new")):
        client = signed_in_client(aya)
        first = client.post(url("change_email"), {"new_email": wanted})
        shown = client.get(url("confirm_email"))
        wrong = client.post(url("confirm_email"), {"code": "00000000"})
        plain = [
            re.sub(r'value="[^"]{64}"', "", one.content.decode()).replace(wanted, "X")
            for one in (shown, wrong)
        ]
        plain = [re.sub(r'datetime="[^"]+"|until \d+:\d+:\d+', "", one) for one in plain]
        bodies.append((first.status_code, first["Location"], plain))
    assert bodies[0] == bodies[1]
    assert last_mail_to(ken.email).subject == "You have an account already"


def test_wrong_codes_for_a_new_address_are_counted_and_the_sixth_is_not_looked_at() -> None:
    mio, new = make_customer("mio"), fresh_email("new")
    client = signed_in_client(mio)
    client.post(url("change_email"), {"new_email": new})
    code = code_in(last_mail_to(new))
    for _try in range(5):
        client.post(url("confirm_email"), {"code": f"{(int(code) + 1) % 10**8:08d}"})
    client.post(url("confirm_email"), {"code": code})
    assert User.objects.get(pk=mio.user.pk).email == mio.email
    assert ContactChange.objects.get(user=mio.user).code_tries == 6


def test_a_pending_address_is_cancelled_without_any_proof_and_its_code_dies() -> None:
    mio, new = make_customer("mio"), fresh_email("new")
    client = signed_in_client(mio)
    client.post(url("change_email"), {"new_email": new})
    code = code_in(last_mail_to(new))
    SignIn.objects.filter(user=mio.user).update(verified_at=None)
    client.post(url("cancel_email"))
    client = signed_in_client(mio)
    client.post(url("confirm_email"), {"code": code})
    assert User.objects.get(pk=mio.user.pk).email == mio.email


def test_the_code_of_an_earlier_asking_proves_no_later_address() -> None:
    mio, mine, victim = make_customer("mio"), fresh_email("mine"), fresh_email("victim")
    client = signed_in_client(mio)
    client.post(url("change_email"), {"new_email": mine})
    code = code_in(last_mail_to(mine))
    client.post(url("change_email"), {"new_email": victim})
    client.post(url("confirm_email"), {"code": code})
    assert User.objects.get(pk=mio.user.pk).email == mio.email


def key_on(client: Client) -> str:
    page = client.get(url("totp_add")).content.decode()
    found = re.search(r'data-copies="([A-Z2-7]{32})"', page)
    assert found
    return found.group(1)


@pytest.mark.requirement(12)
@pytest.mark.requirement(14)
def test_an_app_is_added_with_its_first_code_which_is_burnt() -> None:
    mio = make_customer("mio")
    here, there = signed_in_client(mio), signed_in_client(mio)
    seed = key_on(here)
    assert b'role="alert"' in here.post(url("totp_add"), {"name": "Tablet", "code": "000000"}).content
    code = totp_code(seed)
    assert here.post(url("totp_add"), {"name": "Tablet", "code": code})["Location"] == url("security")
    app = TotpDevice.objects.get(user=mio.user, name="Tablet")
    assert app.last_step > 0
    assert is_in(here)
    assert not is_in(there)
    assert last_mail_to(mio.email).subject == "An authenticator app was added to your account"
    here.post(url("step_up"), {"code": code})
    assert SignIn.objects.get(user=mio.user, ended_at=None).factor == "totp"
    assert key_on(here) != seed


@pytest.mark.requirement(14)
def test_an_app_is_removed_but_never_the_last_one() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    seed = key_on(client)
    client.post(url("totp_add"), {"name": "Tablet", "code": totp_code(seed)})
    first = TotpDevice.objects.get(user=mio.user, name="Phone")
    second = TotpDevice.objects.get(user=mio.user, name="Tablet")
    assert client.post(url("factor_remove", public_id=first.public_id))["Location"] == url("security")
    assert is_in(client)
    assert client.post(url("factor_remove", public_id=second.public_id)).status_code == 409
    assert list(TotpDevice.objects.filter(user=mio.user)) == [second]
    assert last_mail_to(mio.email).subject == "An authenticator app was removed from your account"


@pytest.mark.requirement(10)
@pytest.mark.requirement(12)
def test_new_recovery_codes_are_shown_until_saved_and_replace_the_old() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    assert client.post(url("recovery_codes"))["Location"] == url("recovery_codes")
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", client.get(url("recovery_codes")).content.decode())
    assert len(codes) == 10
    assert not set(codes) & set(mio.recovery_codes)
    client.post(url("recovery_codes"), {"saved": "yes"})
    assert b"<code>" not in client.get(url("recovery_codes")).content
    client.post(url("step_up"), {"code": mio.recovery_codes[0]})
    assert RecoveryCode.objects.filter(code_set__user=mio.user, used_at=None).count() == 10
    client.post(url("step_up"), {"code": codes[0]})
    assert RecoveryCode.objects.filter(code_set__user=mio.user, used_at=None).count() == 9
    assert is_in(client)


def test_a_session_proven_by_a_recovery_code_survives_the_making_of_new_ones() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    client.post(url("step_up"), {"code": mio.recovery_codes[0]})
    client.post(url("recovery_codes"))
    assert is_in(client)


@pytest.mark.requirement(32)
@pytest.mark.requirement(36)
def test_a_fresh_proof_renews_the_session_id_and_leads_back() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    SignIn.objects.filter(user=mio.user).update(verified_at=None)
    before = client.session.session_key
    asked = client.get(url("change_password"))
    assert asked["Location"] == f"{url('step_up')}?next={url('change_password')}"
    answer = client.post(url("step_up"), {"code": totp_now(mio), "next": url("change_password")})
    assert answer["Location"] == url("change_password")
    assert client.session.session_key != before
    assert client.get(url("change_password")).status_code == 200
    for evil in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        answer = client.post(url("step_up"), {"code": totp_now(mio), "next": evil})
        assert answer["Location"] == "/"


@pytest.mark.requirement(33)
def test_devices_are_seen_and_ended_one_by_one_or_all_others() -> None:
    mio = make_customer("mio")
    here, there, elsewhere = (signed_in_client(mio) for _number in range(3))
    device = with_app(mio)
    page = here.get(url("sessions")).content.decode()
    assert page.count("Sign out") >= 3
    assert mio.network in page
    one = SignIn.objects.filter(user=mio.user).order_by("pk")[1]
    here.post(url("end_session", public_id=one.public_id))
    assert not is_in(there)
    here.post(url("end_app", public_id=device.public_id))
    device.refresh_from_db()
    assert device.revoked_at is not None
    here.post(url("end_other_sessions"))
    assert not is_in(elsewhere)
    assert is_in(here)


def test_preferences_are_kept_and_spoken() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    answer = client.post(url("preferences"), {"language": "ja", "theme": "dark"})
    assert answer.cookies["theme"].value == "dark"
    mio.user.refresh_from_db()
    assert mio.user.language == "ja"
    page = client.get(url("preferences")).content.decode()
    assert '<html lang="ja" data-theme="dark"' in page
    assert client.post(url("preferences"), {"language": "xx", "theme": "dark"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "most"), [("security", 12), ("sessions", 12), ("preferences", 12), ("change_password", 12)]
)
def test_pages_ask_the_database_at_most_twelve_times(
    name: str, most: int, django_assert_max_num_queries: object
) -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    for _number in range(5):
        signed_in_client(mio)
        with_app(mio)
    with django_assert_max_num_queries(most):  # type: ignore[operator]
        assert client.get(url(name)).status_code == 200
