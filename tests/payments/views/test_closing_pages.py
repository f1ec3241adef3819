"""Closing the wallet by page and by app, and what the desk sees of it and pays."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from payments.actions.claims import write_paid_out
from payments.actions.closures import close_one, forget_closed_customers
from payments.errors import ClaimNotOpen
from payments.models import Account, Claim, Closure, JournalKind
from support.actions.approvals import approve
from support.actions.claims import ask_to_pay_out
from support.errors import OwnRequest
from support.models import Approval, Case
from tests.api_client import Phone
from tests.payments.books import customer_with, top_up
from tests.payments.closing import asked_to_close, give, is_closed, owed, wait_is_over
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import SWEEP, linked_card
from tests.payments.topping import top_up as charge
from tests.people import Person, make_customer, make_staff, signed_in_client
from tests.support.desk import agent, page_of, stop, supervisor
from wallet_site.audit.models import AuditRow
from wallet_site.transactions import recorded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_worker", "grown_up"),
]


def closed(owner: psycopg.Connection, amount_minor: int = 1_000) -> Person:
    aya = customer_with(amount_minor)
    assert close_one(asked_to_close(aya, owner).pk, actor=SWEEP)
    return aya


@pytest.mark.requirement(36)
def test_the_page_tells_it_all_asks_twice_and_lets_go(
    harness: SandboxHarness,
) -> None:
    aya = make_customer("mio")
    page = reverse("payments:closing")
    client = signed_in_client(aya)
    assert client.get(page).status_code == 200
    charge(aya, linked_card(aya, harness), 3_000)
    give(aya, 500, JournalKind.GOODWILL)
    give(aya, 300, JournalKind.COMPENSATION)
    top_up(aya, 1_200)

    shown = client.get(page).content.decode()
    for words in ("¥5,000", "Back to Visa •••• 4242", "¥3,000", "¥1,200", "¥300", "¥500"):
        assert words in shown, words
    assert client.post(page).status_code == 422
    assert not Closure.objects.filter(user=aya.user).exists()
    aya.user.sign_ins.update(verified_at=timezone.now() - timedelta(minutes=6))
    refused = client.post(page, {"understood": "on"})
    assert refused["Location"].startswith(reverse("accounts:step_up"))
    assert not Closure.objects.filter(user=aya.user).exists()
    aya.user.sign_ins.update(verified_at=timezone.now())
    assert client.post(page, {"understood": "on"}).status_code == 302
    assert "Keep my wallet" in client.get(page).content.decode()
    assert page in client.get("/").content.decode(), "the first page says it too"
    assert client.post(reverse("payments:closing_call_off")).status_code == 302
    assert client.post(reverse("payments:closing_call_off")).status_code == 409
    assert Closure.objects.get(user=aya.user).state == "called_off"
    assert page not in client.get("/").content.decode()
    stop(aya, "spending")
    assert client.post(page, {"understood": "on"}).status_code == 403
    assert "cannot be closed now" in client.get(page).content.decode()


def test_the_pages_need_the_same_few_queries_for_every_wallet(
    harness: SandboxHarness, django_assert_max_num_queries: object
) -> None:
    aya = make_customer("mio")
    client, counts = signed_in_client(aya), []
    for more in (0, 3):
        for _ in range(more):
            charge(aya, linked_card(aya, harness), 500)
        for name in ("closing", "data_export"):
            client.get(reverse(f"payments:{name}"))
            with django_assert_max_num_queries(16) as counted:  # type: ignore[operator]
                client.get(reverse(f"payments:{name}"))
            counts.append(len(counted))
    assert counts[:2] == counts[2:], counts


@pytest.mark.requirement(36, 37)
def test_the_app_asks_the_same_and_is_asked_the_same() -> None:
    aya = customer_with(1_000)
    phone = Phone.signed_in(aya)
    none = phone.get("/api/v1/closure").json()
    assert (none["state"], none["to_desk"], none["balance"]) == ("none", 1_000, 1_000)
    assert phone.delete("/api/v1/closure").code == "no-closure"
    aya.user.api_devices.update(verified_at=timezone.now() - timedelta(minutes=6))
    refused = phone.post("/api/v1/closure", idempotency_key=None)
    assert (refused.status, refused.code) == (401, "step-up-required")
    assert not Closure.objects.filter(user=aya.user).exists()
    aya.user.api_devices.update(verified_at=timezone.now())
    asked = phone.post("/api/v1/closure", idempotency_key=None)
    assert (asked.status, asked.json()["state"]) == (201, "waiting")
    assert (
        phone.post("/api/v1/closure", idempotency_key=None).json()["closes_at"] == asked.json()["closes_at"]
    )
    assert phone.delete("/api/v1/closure").status == 204
    assert phone.get("/api/v1/closure").json()["state"] == "none"


@pytest.mark.requirement(40)
def test_the_desk_pays_a_claim_by_two_people_once(owner_connection: psycopg.Connection) -> None:
    aya, sota = closed(owner_connection), supervisor()
    rin = make_staff("rin", groups=["agent", "supervisor"])  # Two roles are one person still.
    claim = Claim.objects.get(user=aya.user)
    case = Case.objects.get(customer=aya.user, queue="claim")
    assert str(claim.public_id) in case.text
    browser = signed_in_client(rin)
    shown = browser.get(page_of(aya)).content.decode()
    pay = reverse("admin:pay_claim", args=[claim.public_id])
    assert pay in shown
    assert browser.get(pay).status_code == 200
    assert browser.post(pay, {"reason": "", "reference": ""}).status_code == 422
    assert signed_in_client(make_staff("aud", groups=["auditor"])).get(pay).status_code == 403
    form = {"reason": "account checked by phone", "reference": "20260503-1"}
    assert browser.post(pay, form).status_code == 302
    waiting = Approval.objects.get(kind="pay_claim", subject_id=claim.pk)
    assert owed(aya) == [("desk", "closed", 1_000, "owed")], "asking moves nothing"
    with pytest.raises(OwnRequest):
        approve(waiting, reason="mine", actor=rin.actor)
    address = f"/admin/approvals/{waiting.public_id}/"
    assert "20260503-1" in signed_in_client(sota).get(address).content.decode()
    assert signed_in_client(sota).post(address, {"reason": "seen", "do": "approve"}).status_code == 302
    claim.refresh_from_db()
    assert (claim.state, claim.payment_reference) == ("paid", "20260503-1")
    assert AuditRow.objects.filter(user_id=aya.user.pk, action="payments:claim:paid").count() == 1
    with pytest.raises(ClaimNotOpen):
        ask_to_pay_out(claim, reference="again", reason="again", actor=rin.actor)
    assert browser.get(pay).status_code == 404
    assert pay not in browser.get(page_of(aya)).content.decode()
    assert is_closed(aya)


@pytest.mark.requirement(40)
def test_no_claim_of_the_desk_is_paid_without_an_approval(owner_connection: psycopg.Connection) -> None:
    """Also not by the very call that the approval makes."""
    aya, rin = closed(owner_connection), agent()
    claim = Claim.objects.get(user=aya.user)
    with pytest.raises(DatabaseError, match="no approval says this"), recorded(rin.actor):
        write_paid_out(claim.pk, reference="alone", actor=rin.actor)
    assert owed(aya) == [("desk", "closed", 1_000, "owed")]


def test_nothing_opens_a_closed_account_and_what_need_not_be_kept_is_forgotten(
    owner_connection: psycopg.Connection,
) -> None:
    aya = customer_with(0)
    browser, phone = signed_in_client(aya), Phone.signed_in(aya)
    closure = asked_to_close(aya)
    wait_is_over(owner_connection, aya)
    assert close_one(closure.pk, actor=SWEEP)
    assert owed(aya) == [], "an empty wallet owes nothing"
    assert browser.get("/").status_code == 302
    assert phone.get("/api/v1/me").status == 401
    assert phone.refresh().status in (400, 401)
    signs_in = browser.post(
        reverse("accounts:sign_in"),
        {"sign_in_view-current_step": "auth", "auth-username": aya.email, "auth-password": aya.password},
    )
    assert "/security" not in signs_in.get("Location", "")
    assert Account.objects.get(owner=aya.user).closed_at is not None

    assert forget_closed_customers() == 0, "old addresses are still told for 30 days"
    with owner_connection.transaction():
        owner_connection.execute("ALTER TABLE payments_closure DISABLE TRIGGER keeps_its_steps")
        owner_connection.execute(
            "UPDATE payments_closure SET ended_at = ended_at - interval '31 days' WHERE id = %s", [closure.pk]
        )
        owner_connection.execute("ALTER TABLE payments_closure ENABLE TRIGGER keeps_its_steps")
    assert forget_closed_customers() >= 1
    sign_in, device = aya.user.sign_ins.get(), aya.user.api_devices.get()
    assert (sign_in.device, sign_in.network, device.name, device.network) == ("", None, "", None)
    aya.user.refresh_from_db()
    assert (aya.user.email, aya.user.full_name) == (aya.email, "Aya Sato"), "the law asks for these"
    assert aya.user.credential_changes.exists()
    assert forget_closed_customers() == 0
