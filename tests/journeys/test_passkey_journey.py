"""A passkey in a real browser with a virtual authenticator (CDP WebAuthn): made, signing in alone, at the second step
and by the browser's own suggestion, confirming, and removed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import CDPSession, Page, expect

from accounts.models import Passkey, SignIn
from tests.journeys.customer import Customer
from tests.journeys.guide import Guide
from tests.people import Person, make_customer
from tests.processes import Portal

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


def factor_of(person: Person) -> str:
    return str(SignIn.objects.filter(user=person.user, ended_at=None).latest("pk").factor)


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
    key.touch()
    page.goto("/sign-in/")
    # The browser's own suggestion: nothing is pressed at all.
    somebody.is_at("/")
    assert factor_of(mio) == "passkey"
    key.leave()

    somebody.sign_out()
    page.goto("/sign-in/")
    key.touch()
    somebody.press("Sign in with a passkey")
    somebody.is_at("/")
    key.leave()

    somebody.sign_out()
    somebody.prove_password()
    key.touch()
    somebody.press("Use your passkey")
    somebody.is_at("/")
    assert factor_of(mio) == "passkey"

    SignIn.objects.filter(user=mio.user).update(verified_at=F("verified_at") - timedelta(minutes=6))
    page.goto("/security/")
    page.locator("li", has_text="My laptop").get_by_role("link", name="Remove").click()
    somebody.reads_heading("Confirm that it is you")
    somebody.press("Confirm with your passkey")
    somebody.reads_heading("Remove a passkey")
    somebody.press("Remove the passkey")
    somebody.is_at("/security/")
    somebody.sees("Sign in with a touch or a look")
    assert not Passkey.objects.filter(user=mio.user).exists()
