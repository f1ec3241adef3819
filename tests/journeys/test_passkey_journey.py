"""Passkeys in a real browser with a virtual authenticator (CDP WebAuthn), at every door.

Made while signing up, later, and at the desk; signing in by the browser's own suggestion, by the button, and at the
second step; confirming, resetting a password, and removed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import CDPSession, Page, expect

from accounts.models import Passkey, SignIn, TotpDevice, User
from tests.browser import PHONE
from tests.journeys.customer import Customer
from tests.journeys.desk import Staff
from tests.journeys.guide import Guide
from tests.journeys.mailbox import mail_to
from tests.journeys.visitor import Visitor
from tests.people import PASSWORD, fresh_email, make_customer
from tests.processes import Portal
from tests.support.desk import agent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Authenticator:
    """A platform authenticator with discoverable credentials, as phones and laptops have."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": False,
        }  # fmt: skip
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def touch(self, *, is_owner: bool = True) -> None:
        """From now on somebody touches it whenever it asks; `is_owner` is whether it knows the finger."""
        self._set("setUserVerified", isUserVerified=is_owner)
        self._set("setAutomaticPresenceSimulation", enabled=True)

    def leave(self) -> None:
        """Nobody touches it."""
        self._set("setAutomaticPresenceSimulation", enabled=False)

    def _set(self, name: str, **values: Any) -> None:
        self.cdp.send(f"WebAuthn.{name}", {"authenticatorId": self.id} | values)


def sign_in_by_suggestion(page: Page, key: Authenticator, home: str) -> None:
    """The browser's own suggestion in the field for the address: nothing is pressed at all.

    With a touch the page goes on before it has loaded, so nobody waits for that; and the page before asks for nothing.
    """
    page.goto("/lock/")
    key.touch()
    page.goto("/sign-in/", wait_until="commit")
    Visitor(page, "en").is_at(home)
    key.leave()


def suggest_nothing(page: Page) -> None:
    """From now on a browser without suggestions: there a touch answers what was pressed, and nothing else."""
    page.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")


def factor_of(user: User) -> str:
    return str(SignIn.objects.filter(user=user, ended_at=None).latest("pk").factor)


def grow_old(user: User) -> None:
    """The last proof of a second factor is no longer fresh."""
    SignIn.objects.filter(user=user).update(verified_at=F("verified_at") - timedelta(minutes=6))


@pytest.mark.requirement(8, 12, 36)
def test_a_passkey_from_its_making_to_its_end(visitor: Callable[..., Page], live_portal: Portal) -> None:
    mio = make_customer("mio", language="en")
    page = visitor(locale="en-GB")
    somebody: Customer = Guide(page, "en", live_portal).become(mio)
    somebody.email, somebody.password = mio.email, mio.password
    key = Authenticator(page)

    page.goto("/security/passkeys/add/")
    somebody.fill("Name", "My laptop")
    key.touch(is_owner=False)
    somebody.press("Make a passkey on this device")
    expect(page.locator("[data-passkey-said]")).to_be_visible()
    assert not Passkey.objects.filter(user=mio.user).exists()
    key.touch()
    somebody.press("Make a passkey on this device")
    somebody.is_at("/security/")
    expect(page.locator(".entry__title").get_by_text("My laptop", exact=True)).to_be_visible()
    key.leave()

    somebody.sign_out()
    sign_in_by_suggestion(page, key, "/")
    assert factor_of(mio.user) == "passkey"

    suggest_nothing(page)
    somebody.sign_out()
    key.touch()
    somebody.press("Sign in with a passkey")
    somebody.is_at("/")
    key.leave()

    somebody.sign_out()
    somebody.prove_password()
    key.touch()
    somebody.press("Use your passkey")
    somebody.is_at("/")
    assert factor_of(mio.user) == "passkey"

    grow_old(mio.user)
    page.goto("/security/")
    page.locator("li", has_text="My laptop").get_by_role("link", name="Remove").click()
    somebody.reads_heading("Confirm that it is you")
    somebody.press("Confirm with your passkey")
    somebody.reads_heading("Remove a passkey")
    somebody.press("Remove the passkey")
    somebody.is_at("/security/")
    somebody.sees("Sign in with a touch or a look")
    assert not Passkey.objects.filter(user=mio.user).exists()


@pytest.mark.requirement(7, 8, 21)
@pytest.mark.usefixtures("worker")
def test_a_customer_with_a_passkey_alone(visitor: Callable[..., Page]) -> None:
    """Signs up with one on a phone, forgets the password, and never types a code but those from the mail."""
    page = visitor(locale="ja-JP", viewport=PHONE, has_touch=True, is_mobile=True)
    somebody = Customer(page, "ja", name="加藤 花", email=fresh_email("hana"), password=PASSWORD)
    key = Authenticator(page)
    suggest_nothing(page)
    somebody.describe_themselves()
    key.touch(is_owner=False)
    somebody.press("Make a passkey on this device")
    expect(page.locator("[data-passkey-said]")).to_be_visible()
    key.touch()
    somebody.press("Make a passkey on this device")
    somebody.open_wallet()
    user = User.objects.get(email=somebody.email)
    assert (factor_of(user), TotpDevice.objects.filter(user=user).count()) == ("passkey", 0)
    assert len(somebody.recovery_codes) == 10

    page.context.clear_cookies()
    page.goto("/reset/")
    somebody.fill("E-mail address", somebody.email)
    page.locator("main form button.button--primary").click()
    somebody.is_at("/reset/sent/")
    mail = mail_to(somebody.email, somebody.say("Choose a new password"))
    page.goto(next(word for word in mail.text.split() if "/reset/link/" in word))
    somebody.is_at("/reset/new-password/")
    expect(page.get_by_label(somebody.say("Code from the app"))).to_have_count(0)
    somebody.password = "seven lanterns on a bridge"
    somebody.fill("New password", somebody.password)
    somebody.press("Set it with your passkey")
    somebody.is_at("/sign-in/")
    user.refresh_from_db()
    assert user.check_password(somebody.password)
    somebody.prove_password()
    somebody.press("Use your passkey")
    somebody.is_at("/")


@pytest.mark.requirement(12, 36, 38)
def test_staff_get_their_own_passkey_and_come_in_by_it(visitor: Callable[..., Page]) -> None:
    rin = agent()
    page = visitor(locale="ja-JP")
    member, key = Staff(page, "ja", rin), Authenticator(page)
    suggest_nothing(page)
    member.sign_in()
    member.follow("How you sign in")
    grow_old(rin.user)
    member.follow("Add a passkey")
    member.reads_heading("Confirm that it is you")
    member.fill("Code from the app", member.app.code())
    member.press("Confirm")
    member.is_at("/admin/you/passkeys/add/")
    page.locator("input[name=name]").fill("机")
    key.touch()
    member.press("Make a passkey on this device")
    member.is_at("/admin/you/")
    assert Passkey.objects.get(user=rin.user).name == "机"

    member.press("Sign out")
    member.is_at("/sign-in/")
    member.press("Sign in with a passkey")
    member.is_at("/admin/")
    assert factor_of(rin.user) == "passkey"

    grow_old(rin.user)
    page.goto("/admin/you/")
    page.locator(".own-factors li", has_text="机").get_by_role("link", name=member.say("Remove")).click()
    member.reads_heading("Confirm that it is you")
    member.press("Confirm with your passkey")
    member.is_at(f"/admin/you/factors/{Passkey.objects.get(user=rin.user).public_id}/remove/")
    member.press("Remove the passkey")
    member.is_at("/admin/you/")
    assert not Passkey.objects.filter(user=rin.user).exists()
