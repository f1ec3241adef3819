"""Receipts as somebody wants them; what concerns safety asks nobody, and to be told less is told."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse

from accounts import notice_preferences, policy
from accounts.models import ApiDevice, NoticePreference, SignIn, User
from accounts.notice_preferences import DEFAULT, Receipts, receipt_recipients, receipts_of
from tests.accounts.mails import mails_to
from tests.accounts.past import changed_before, opened_earlier
from tests.api_client import Phone
from tests.people import Person, make_customer, signed_in_client, totp_now
from wallet_site.local.places import ROOT
from wallet_site.outbox.models import Event
from wallet_site.outbox.owing import owe
from wallet_site.outbox.relay import relay
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]

API, PAGE = "/api/v1/me/notices", reverse("accounts:notices")
MUTED = {"receipts_by_email": False, "receipts_by_push": False, "receipts_email_from": 3000}
SUBJECT = "You will get fewer receipts"


def receipt_event(person: Person, priority: str = "ordinary") -> Event:
    key = f"test-receipt:{uuid4()}"
    with recorded(person.actor):
        owe("payments:payment:captured", key=key, payload={}, user_id=person.user.pk, priority=priority)
    # Nobody sends it: there is no payment behind it.
    Event.objects.filter(key=key).update(due_at="2099-01-01T00:00Z")
    return Event.objects.get(key=key)


def told(person: Person, payment_minor: int | None = None) -> set[str]:
    event = receipt_event(person)
    return {one.channel for one in receipt_recipients(event, person.user, payment_minor=payment_minor)}


def mute(person: Person, choice: Receipts = Receipts(by_email=False, by_push=False)) -> None:  # noqa: B008
    NoticePreference.objects.update_or_create(
        user=person.user,
        defaults={
            "receipts_by_email": choice.by_email,
            "receipts_by_push": choice.by_push,
            "email_from_minor": choice.email_from_minor,
        },
    )


def with_push(person: Person) -> Phone:
    phone = Phone.signed_in(person)
    body = {"provider": "fcm", "token": f"push-token-of:{phone.thumbprint}"}
    assert phone.request("PUT", "/api/v1/push-token", body).status == 204
    return phone


def test_a_payment_is_pushed_and_mailed_from_the_customers_own_amount_on() -> None:
    mio = make_customer("mio")
    assert [told(mio, 2_999), told(mio, 3_000), told(mio)] == [set(), {"email"}, {"email"}]
    phone = with_push(mio)
    assert told(mio, 120) == {"push"}
    mute(mio, Receipts(by_push=False, email_from_minor=0))
    assert told(mio, 1) == {"email"}
    mute(mio, Receipts(email_from_minor=50_000))
    assert [told(mio, 49_999), told(mio, 50_000), told(mio)] == [
        {"push"},
        {"email", "push"},
        {"email", "push"},
    ]
    mute(mio)
    assert told(mio, 90_000) == set()
    mute(mio, DEFAULT)
    assert phone.post("/api/v1/sign-out", idempotency_key=None).status == 204
    assert told(mio, 120) == set(), "a phone that is signed out gets no receipts"


@pytest.mark.requirement(29)
def test_while_limits_are_low_nobody_is_told_less_than_by_default(
    owner_connection: psycopg.Connection,
) -> None:
    mio = make_customer("mio")
    opened_earlier(owner_connection, mio)
    mute(mio)
    assert (told(mio, 9_000), notice_preferences.louder_until(mio.user.pk)) == (set(), None)
    changed_before(owner_connection, mio, "email_changed", timedelta(hours=71))
    assert told(mio, 9_000) == {"email"}
    assert told(mio, 2_999) == set()
    assert notice_preferences.louder_until(mio.user.pk) == policy.cool_off(mio.user.pk) is not None
    # Who wants more than the default gets no less by it.
    mute(mio, Receipts(by_push=False, email_from_minor=500))
    assert told(mio, 600) == {"email"}
    signed_in = signed_in_client(mio)
    assert "receipts come at least as by default until" in signed_in.get(PAGE).content.decode()


@pytest.mark.requirement(26)
def test_what_concerns_safety_never_asks() -> None:
    """By construction: the one function that reads a choice refuses it, and no notice of ours asks that function."""
    mio = make_customer("mio")
    mute(mio)
    for priority in ("security", "bulk"):
        with pytest.raises(ValueError, match="no matter of preferences"):
            receipt_recipients(receipt_event(mio, priority), mio.user)
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone="+819011112222")
    assert [one for one in mails_to(mio.email) if one.subject == "Your phone number was changed"]
    readers = {
        str(path.relative_to(ROOT))
        for app in ("accounts", "payments", "support", "wallet_site")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"NoticePreference\b|notice_preferences|receipts_of", path.read_text(encoding="utf-8"))
        and "migrations" not in path.parts
    }
    assert not {
        one for one in readers if "accounts/notices/" in one or one.startswith(("support", "wallet_site"))
    }
    assert not any(
        "security" in (ROOT / one).read_text() for one in readers if one.startswith("payments/notices")
    )


@pytest.mark.requirement(36)
def test_to_be_told_less_asks_for_a_fresh_factor_and_is_told_everywhere() -> None:
    mio = make_customer("mio")
    phone = Phone.signed_in(mio)
    assert phone.get(API).json() == {
        "receipts_by_email": True, "receipts_by_push": True, "receipts_email_from": 3000,
        "louder_until": None, "security": "always", "news": "none",
    }  # fmt: skip
    ApiDevice.objects.filter(public_id=phone.device_id).update(
        verified_at=F("verified_at") - timedelta(minutes=6)
    )
    louder = {"receipts_by_email": True, "receipts_by_push": True, "receipts_email_from": 0}
    tag = phone.get(API).headers["etag"]
    assert phone.request("PUT", API, louder).status == 200, "more is always possible"
    assert phone.request("PUT", API, louder, headers={"If-Match": tag}).status == 412
    assert not [one for one in mails_to(mio.email) if one.subject == SUBJECT]
    for quieter in (MUTED, louder | {"receipts_email_from": 1}, louder | {"receipts_by_push": False}):
        assert phone.request("PUT", API, quieter).code == "step-up-required"
    assert receipts_of(mio.user.pk) == Receipts(email_from_minor=0)
    assert phone.step_up(mio).status == 200
    for _repeat in range(2):
        assert phone.request("PUT", API, MUTED).json()["receipts_by_email"] is False
    (mail,) = [one for one in mails_to(mio.email) if one.subject == SUBJECT]
    assert "Receipts by e-mail: None" in " ".join(str(mail.body).split())
    assert (
        Event.objects.filter(user_id=mio.user.pk, topic="accounts:receipts:quieter").get().priority
        == "security"
    )


def test_what_is_no_choice_is_refused(application_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    phone = Phone.signed_in(mio)
    for wrong in (
        {"receipts_email_from": 100_001}, {"receipts_email_from": -1}, {"receipts_email_from": "3000"},
        {"receipts_by_email": "no"}, {"receipts_by_email": [True]}, {"security": "never"}, {"user": 1},
    ):  # fmt: skip
        assert phone.request("PUT", API, MUTED | wrong).status == 422, wrong
    assert not NoticePreference.objects.filter(user=mio.user).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        NoticePreference.objects.create(user=mio.user, email_from_minor=100_001)


@pytest.mark.requirement(36)
def test_the_page_saves_and_asks_for_a_fresh_factor_to_be_told_less() -> None:
    mio = make_customer("mio")
    browser = signed_in_client(mio)
    page = browser.get(PAGE).content.decode()
    assert 'value="3,000"' in page
    assert mio.email in page
    refused = browser.post(PAGE, {"receipts_by_email": "on", "receipts_email_from": "¥200,000"})
    assert "Choose an amount from ¥0 to ¥100,000." in refused.content.decode()
    assert (
        browser.post(PAGE, {"receipts_by_email": "on", "receipts_by_push": "on", "receipts_email_from": "0"})[
            "Location"
        ]
        == PAGE
    )
    assert receipts_of(mio.user.pk) == Receipts(email_from_minor=0)
    SignIn.objects.filter(user=mio.user).update(verified_at=F("verified_at") - timedelta(minutes=6))
    asked = browser.post(PAGE, {"receipts_email_from": "３,０００"})
    assert asked["Location"].startswith(reverse("accounts:step_up"))
    assert receipts_of(mio.user.pk) == Receipts(email_from_minor=0)
    assert browser.post(asked["Location"], {"code": totp_now(mio)}).status_code == 302
    assert browser.post(PAGE, {"receipts_email_from": "３,０００"})["Location"] == PAGE
    assert receipts_of(mio.user.pk) == Receipts(by_email=False, by_push=False)
    relay("security")
    assert [one for one in mails_to(mio.email) if one.subject == SUBJECT]
