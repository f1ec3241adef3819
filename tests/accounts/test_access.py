"""Nobody reaches a page of accounts without a verified second factor, on any method (requirements 7 and 13)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from accounts.models import ContactChange, CredentialChange, RecoveryCodeSet, SignIn, TotpDevice
from accounts.urls import urlpatterns
from tests.people import (
    anonymous_client,
    half_signed_in_client,
    make_customer,
    make_staff,
    signed_in_client,
    totp_code,
)

pytestmark = pytest.mark.django_db(transaction=True)

OPEN = {
    "sign_in", "sign_out", "sign_up", "sign_up_code", "sign_up_resend", "sign_up_about", "sign_up_factor",
    "sign_up_app", "sign_up_saved", "reset", "reset_sent", "reset_password", "reset_link", "undo", "report_sign_in",
    "well_known_change_password", "lock", "lock_code",
    "recovery", "recovery_ask", "recovery_asked", "recovery_code", "recovery_mail", "recovery_mail_again",
    "recovery_link", "recovery_password", "recovery_forgot", "recovery_app", "recovery_codes_saved", "recovery_stop",
}  # fmt: skip
ARGUMENTS = {
    "undo": {"token": "x"},
    "report_sign_in": {"token": "x"},
    "reset_link": {"token": "x"},
    "factor_remove": {"public_id": uuid.uuid4()},
    "factor_rename": {"public_id": uuid.uuid4()},
    "recovery_link": {"token": "x"},
    "recovery_stop": {"token": "x"},
    "end_session": {"public_id": uuid.uuid4()},
    "end_app": {"public_id": uuid.uuid4()},
}
CLOSED = sorted({str(pattern.name) for pattern in urlpatterns} - OPEN)
DATA = {
    "code": "123456",
    "name": "Mine",
    "current_password": "a quiet harbour at dawn",
    "new_password": "another quiet harbour",
    "new_email": "thief@example.com",
    "email": "thief@example.com",
    "phone": "090-1234-5678",
    "language": "en",
    "theme": "dark",
    "saved": "yes",
    "passkey_options": "yes",
}


def url_of(name: str) -> str:
    return reverse(f"accounts:{name}", kwargs=ARGUMENTS.get(name))


def test_the_list_of_open_pages_is_what_the_urls_say() -> None:
    public = {str(one.name) for one in urlpatterns if not getattr(one.callback, "login_required", True)}
    assert public == OPEN


@pytest.mark.requirement(13)
@pytest.mark.parametrize("name", CLOSED)
def test_a_half_authenticated_session_is_refused_on_every_method(name: str) -> None:
    aya = make_customer("aya")
    client = half_signed_in_client(aya)
    changes = CredentialChange.objects.filter(user=aya.user).count()
    for method in ("get", "post", "put", "patch", "delete", "head", "options"):
        answer = getattr(client, method)(url_of(name), DATA if method == "post" else None)
        assert answer.status_code == 302, method
        assert answer["Location"].startswith(reverse("accounts:sign_in"))
    assert CredentialChange.objects.filter(user=aya.user).count() == changes
    assert not ContactChange.objects.filter(user=aya.user).exists()


@pytest.mark.requirement(13)
def test_a_half_authenticated_session_cannot_enrol_even_with_the_right_code_of_its_own_seed() -> None:
    nobody = make_customer("nobody")
    client = half_signed_in_client(nobody)
    session = client.session
    seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    session["new_totp_seed"] = seed
    session.save()
    client.post(url_of("totp_add"), {"name": "Mine", "code": totp_code(seed)})
    client.post(url_of("recovery_codes"))
    assert not TotpDevice.objects.filter(user=nobody.user).exists()
    assert not RecoveryCodeSet.objects.filter(user=nobody.user).exists()


@pytest.mark.requirement(7)
@pytest.mark.parametrize("name", CLOSED)
def test_nobody_gets_in_without_signing_in(name: str) -> None:
    for answer in (anonymous_client().get(url_of(name)), anonymous_client().post(url_of(name), DATA)):
        assert answer["Location"].startswith(reverse("accounts:sign_in"))


@pytest.mark.requirement(13)
def test_the_packages_own_pages_do_not_exist() -> None:
    client = signed_in_client(make_customer("aya"))
    for path in (
        "/account/two_factor/setup/",
        "/account/login/",
        "/two_factor/setup/",
        "/account/two_factor/",
    ):
        assert client.get(path).status_code == 404


@pytest.mark.requirement(36)
@pytest.mark.parametrize(
    "name",
    [
        "change_password",
        "change_email",
        "confirm_email",
        "totp_add",
        "passkey_add",
        "factor_remove",
        "recovery_codes",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_old_proof_asks_for_a_fresh_one(name: str, method: str, aged: Client) -> None:
    answer = getattr(aged, method)(url_of(name), DATA)
    assert answer["Location"].startswith(reverse("accounts:step_up"))


@pytest.fixture
def aged() -> Client:
    aya = make_customer("aya")
    client = signed_in_client(aya)
    SignIn.objects.filter(user=aya.user).update(verified_at=F("verified_at") - timedelta(minutes=6))
    return client


@pytest.mark.requirement(38)
@pytest.mark.parametrize("name", sorted(set(CLOSED) - {"step_up", "go_on"}))
def test_staff_see_no_page_of_customers(name: str) -> None:
    client = signed_in_client(make_staff("rin"))
    assert client.post(url_of(name), DATA)["Location"] == reverse("admin:index")


@pytest.mark.requirement(44)
def test_somebody_elses_things_are_not_found() -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    signed_in_client(ken)
    client = signed_in_client(aya)
    theirs = ken.user.sign_ins.get()
    device = ken.user.totp_devices.get()
    assert client.post(reverse("accounts:end_session", args=[theirs.public_id])).status_code == 404
    for name in ("factor_remove", "factor_rename"):
        assert client.post(reverse(f"accounts:{name}", args=[device.public_id]), DATA).status_code == 404
    assert ken.user.sign_ins.filter(ended_at=None).count() == 1
    assert [one.name for one in ken.user.totp_devices.all()] == ["Phone"]


@pytest.mark.requirement(43)
@pytest.mark.parametrize("name", ["security", "sessions", "preferences", "change_password", "totp_add"])
def test_signed_in_pages_are_stored_nowhere_and_carry_no_inline_style(name: str) -> None:
    answer = signed_in_client(make_customer("aya")).get(url_of(name))
    assert "no-store" in answer["Cache-Control"]
    assert "'unsafe" not in answer["Content-Security-Policy"]
    body = answer.content.decode()
    assert " style=" not in body
    assert "onclick" not in body
