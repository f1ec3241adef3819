"""Nobody but staff with a verified second factor gets anything under /admin/: every address, every method."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib import admin
from django.core import checks
from django.test import Client

from accounts.models import Suspension
from support.models import Note
from support.site import DeskAdminSite
from tests.people import anonymous_client, half_signed_in_client, make_customer, make_staff, signed_in_client
from tests.support.desk import agent, every_page, page_of
from wallet_site.audit.models import AuditRow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(38)]

METHODS = ("get", "post", "put", "delete", "head", "options")


def statuses(client: Client) -> set[tuple[int, str]]:
    """What every page answers to every method: the status and where it sends."""
    answers = set()
    for path in every_page():
        for method in METHODS:
            answer = getattr(client, method)(path)
            answers.add((answer.status_code, answer.headers.get("Location", "").split("?")[0]))
    return answers


def test_there_are_pages_to_try() -> None:
    assert len(set(every_page())) > 15


@pytest.mark.parametrize(
    "stranger",
    [
        anonymous_client,
        lambda: half_signed_in_client(agent()),
        lambda: half_signed_in_client(make_staff("rin", factor=False, groups=["supervisor"])),
        lambda: half_signed_in_client(make_staff("rin", factor=False, superuser=True)),
        lambda: half_signed_in_client(make_customer("ken")),
    ],
    ids=[
        "anonymous",
        "agent with a password",
        "no factor at all",
        "superuser without",
        "customer with a password",
    ],
)
def test_without_a_verified_factor_every_page_leads_to_sign_in(stranger: Callable[[], Client]) -> None:
    assert statuses(stranger()) == {(302, "/sign-in/")}


def test_a_customer_never_learns_that_there_is_a_desk() -> None:
    assert statuses(signed_in_client(make_customer("aya"))) == {(404, "")}


def test_staff_without_a_role_see_no_customer() -> None:
    aya = make_customer("aya")
    client = signed_in_client(make_staff("rin"))
    for path in ("/admin/", "/admin/customers/?q=aya", page_of(aya), "/admin/cases/", "/admin/approvals/"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert aya.user.customer_number not in answer.content.decode()
    for what in ("suspend/", "end-sessions/", "letter/", "note/", "case/", "reveal/"):
        assert (
            client.post(page_of(aya, what), {"text": "x", "reason": "x", "do": "confirm"}).status_code == 403
        )
    assert not Note.objects.filter(customer=aya.user).exists()
    assert not Suspension.objects.filter(user=aya.user).exists()
    assert not AuditRow.objects.filter(user_id=aya.user.pk, action__startswith="support:").exists()


def test_staff_who_were_dismissed_are_out_at_once() -> None:
    rin = agent()
    client = signed_in_client(rin)
    assert client.get("/admin/").status_code == 200
    rin.user.is_active = False
    rin.user.save(update_fields=["is_active"])
    assert client.get("/admin/").status_code == 302


def test_the_stock_forms_for_people_factors_and_passwords_are_gone() -> None:
    client = signed_in_client(make_staff("rin", superuser=True))
    assert [model._meta.label for model in admin.site._registry] == []
    for path in (
        "accounts/user/", "accounts/totpdevice/", "auth/group/", "otp_totp/totpdevice/", "otp_static/staticdevice/",
        "password_change/", "password_change/done/",
    ):  # fmt: skip
        assert client.get(f"/admin/{path}").status_code == 404
        assert client.post(f"/admin/{path}").status_code == 404


def test_no_package_can_put_a_table_onto_the_desk() -> None:
    site = DeskAdminSite()
    site.register(AuditRow)
    site.register([Suspension])
    assert site._registry == {}


def test_a_replaced_admin_site_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def messages() -> list[str]:
        return [found.id for found in checks.run_checks() if found.id == "support.E001"]

    assert messages() == []
    monkeypatch.setattr(admin, "site", admin.AdminSite())
    assert messages() == ["support.E001"]


def test_signing_out_ends_the_sign_in_and_takes_a_post() -> None:
    rin = agent()
    client = signed_in_client(rin)
    assert client.get("/admin/logout/").status_code == 405
    assert client.post("/admin/logout/").status_code == 302
    assert client.get("/admin/").status_code == 302
    assert rin.user.sign_ins.get().ended_why == "signed_out"


def test_personal_data_is_masked_in_lists_and_on_the_page() -> None:
    aya = make_customer("aya")
    aya.user.phone = "+819012345678"
    aya.user.save(update_fields=["phone"])
    client = signed_in_client(agent())
    for path in ("/admin/customers/", page_of(aya), page_of(aya, "suspend/"), page_of(aya, "letter/")):
        text = client.get(path).content.decode()
        assert aya.user.full_name in text
        assert aya.email not in text
        assert not re.search(r"9012345678", text)
