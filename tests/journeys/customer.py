"""A customer's hands: each method is one thing that a customer does on the portal's pages, and sees happen."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from django.conf import settings
from playwright.sync_api import expect

from accounts.two_factor.codes import TOTP_STEP_SECONDS
from tests.journeys.mailbox import code_in, mail_to
from tests.journeys.visitor import Visitor
from tests.people import totp_code
from wallet_site.money import format_money


@dataclass
class AuthenticatorApp:
    """The app on somebody's phone. It never gives the same code twice: the portal takes each once."""

    seed: str
    last_step: int = -1

    def code(self) -> str:
        """The code shown now, or the next one if this was used: the portal allows a phone to be half a minute fast."""
        self.last_step = max(int(time.time()) // TOTP_STEP_SECONDS, self.last_step + 1)
        return totp_code(self.seed, at=self.last_step * TOTP_STEP_SECONDS)


@dataclass
class Customer(Visitor):
    """Somebody who is about to become a customer."""

    name: str = ""
    email: str = ""
    password: str = ""
    app: AuthenticatorApp = field(default_factory=lambda: AuthenticatorApp(""))
    recovery_codes: list[str] = field(default_factory=list)

    def sign_up(self) -> None:
        """All five steps with an authenticator app, up to the open wallet."""
        self.describe_themselves()
        self.follow("Use an authenticator app")
        self.is_at("/sign-up/app/")
        self.app = AuthenticatorApp(self.text("#totp-key").replace(" ", ""))
        self.fill("Code from the app", self.app.code())
        self.press("Continue")
        self.open_wallet()

    def describe_themselves(self) -> None:
        """The first three steps of signing up, up to the second factor."""
        self.page.goto("/sign-up/")
        self.fill("E-mail address", self.email)
        self.press("Send the code")
        self.reads_heading("Look into your mail")
        self.fill("Code from the mail", code_in(mail_to(self.email, self.say("Your code to sign up"))))
        self.press("Continue")
        self.fill("Your name", self.name)
        self.fill("New password", self.password)
        self.press("Continue")
        self.is_at("/sign-up/factor/")

    def open_wallet(self) -> None:
        """The last step: the recovery codes are saved."""
        self.reads_heading("Save your recovery codes")
        self.recovery_codes = self.page.locator(".codes code").all_inner_texts()
        self.page.get_by_label(self.say("I have saved my recovery codes")).check()
        self.press("Open my wallet")
        self.is_at("/")

    def sign_out(self) -> None:
        self.page.locator("[data-menu] > summary").click()
        self.press("Sign out")
        self.is_at("/sign-in/")

    def sign_in(self) -> None:
        """With the password and the app's code."""
        self.prove_password()
        self.fill("Code from the app", self.app.code())
        self.press("Sign in")
        self.is_at("/")

    def sign_in_by_recovery_code(self) -> None:
        """With the password and the next of the codes that were saved at sign-up."""
        self.prove_password()
        self.press("Use a recovery code")
        self.fill("Recovery code", self.recovery_codes.pop(0))
        self.press("Sign in")
        self.is_at("/")

    def prove_password(self) -> None:
        """The first step of signing in."""
        self.page.goto("/sign-in/")
        self.fill("E-mail address", self.email)
        self.fill("Password", self.password)
        self.press("Continue")
        self.reads_heading("Confirm that it is you")

    def link_card(self, number: str = "4242 4242") -> None:
        """Through the processor's own page and the bank's 3-D Secure page."""
        self.page.goto("/cards/")
        self.follow("Link a card")
        self.press("Go on to the card page")
        self.page.wait_for_url(f"{settings.SANDBOX_URL}/setup/**")
        self.page.locator(".cards a", has_text=number).first.click()
        self.page.locator("button.primary").click()
        self.page.locator("#code").fill(self.text("#demo-code"))
        self.page.locator("button[value=approve]").click()
        self.reads_heading("Your card is linked")

    def top_up(self, amount: int) -> None:
        """From the newest card; waits until the money is there."""
        self.page.goto("/top-up/")
        self.fill("Amount", str(amount))
        self.press("Continue")
        self.press("Top up %(amount)s", amount=format_money(amount))
        self.sees("%(amount)s is in your wallet.", amount=format_money(amount))

    def show_code(self) -> str:
        """Opens the page with the code; the digits below the bars."""
        self.page.goto("/pay/")
        expect(self.page.locator(".code__qr svg")).to_be_visible()
        expect(self.page.locator(".code__bars svg")).to_be_visible()
        return self.text(".code__digits").replace(" ", "")

    def sees_payment_arrive(self, amount: int, store: str) -> None:
        """On the page as it is: nothing is loaded anew."""
        paid = self.page.locator("#code .success")
        expect(paid).to_contain_text(self.say("Paid at %(store)s", store=store))
        expect(paid).to_contain_text(format_money(amount))

    def change_email(self, new: str) -> None:
        """The new address counts when the code that was sent there is entered."""
        self.page.goto("/security/email/")
        self.fill("New e-mail address", new)
        self.press("Send the code")
        self.reads_heading("Confirm the new address")
        self.fill("Code from the mail", code_in(mail_to(new, self.say("Your code to confirm this address"))))
        self.press("Confirm")
        self.is_at("/security/")
        self.email = new

    def change_password(self, new: str) -> None:
        self.page.goto("/security/password/")
        self.fill("Current password", self.password)
        self.fill("New password", new)
        self.press("Change the password")
        self.is_at("/security/")
        self.password = new

    def add_app(self, name: str) -> None:
        """A second authenticator app."""
        self.page.goto("/security/")
        self.follow("Add an app")
        self.page.locator("input[name=name]").fill(name)
        self.fill("Code from the app", AuthenticatorApp(self.text("#totp-key").replace(" ", "")).code())
        self.press("Add the app")
        self.is_at("/security/")
        expect(self.page.locator(".entry__title").get_by_text(name, exact=True)).to_be_visible()

    def remove_app(self, name: str) -> None:
        self.page.locator("li", has_text=name).get_by_role("link", name=self.say("Remove")).click()
        self.reads_heading("Remove an authenticator app")
        self.press("Remove the app")
        self.is_at("/security/")
        expect(self.page.locator(".entry__title").get_by_text(name, exact=True)).to_have_count(0)
