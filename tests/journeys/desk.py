"""A member of staff at the desk: what they do on its pages, and see happen."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import expect

from tests.journeys.customer import AuthenticatorApp
from tests.journeys.visitor import Visitor
from tests.people import Person


@dataclass
class Staff(Visitor):
    """An agent or a supervisor with their own second factor."""

    person: Person
    app: AuthenticatorApp = field(init=False)

    def __post_init__(self) -> None:
        self.app = AuthenticatorApp(self.person.seed)

    def sign_in(self) -> None:
        """By the same page as everybody, with password and second factor; arrives at the desk."""
        self.prove_password()
        self.fill("Code from the app", self.app.code())
        self.press("Sign in")
        self.is_at("/admin/")

    def prove_password(self) -> None:
        """The first step of signing in."""
        self.page.goto("/sign-in/")
        self.fill("E-mail address", self.person.email)
        self.fill("Password", self.person.password)
        self.press("Continue")
        self.reads_heading("Confirm that it is you")

    def find(self, what: str, *, name: str) -> None:
        """Presses `/`, types, and lands on the page of the one customer who is found."""
        self.page.goto("/admin/")
        self.page.keyboard.press("/")
        self.page.keyboard.type(what)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("h1")).to_have_text(name)

    def timeline(self) -> str:
        """Everything that the timeline tells, older pages included, newest first."""
        told = self.text("#timeline")
        page = self.page.url
        while self.page.get_by_role("link", name=self.say("Older"), exact=True).count():
            first = self.text("#timeline .kk-event >> nth=0")
            self.follow("Older")
            expect(self.page.locator("#timeline .kk-event").first).not_to_have_text(first)
            told += "\n" + self.text("#timeline")
        self.page.goto(page)
        return told

    def stop(self, scope: str, *, reason: str) -> None:
        """Fills in what to stop, reads what will happen, does it."""
        self.follow("Stop something …")
        self.page.get_by_label(self.say("What to stop")).select_option(scope)
        self.fill("Reason", reason)
        self.press("Next")
        self.press("Stop it now")
        self.sees("Stopped. It holds from the next request on; the customer is told.")

    def ask_to_lift(self, *, reason: str) -> None:
        self.follow("Ask to lift it")
        self.fill("Reason", reason)
        self.press("Ask to lift")
        self.sees("Asked to be lifted: waits for approval")

    def approve(self, name: str, *, reason: str) -> None:
        """The second person: approves what waits for this customer."""
        self.page.goto("/admin/approvals/")
        self.page.get_by_role("row").filter(has_text=name).get_by_role("link").first.click()
        self.fill("Reason", reason)
        self.press("Approve and lift")
        expect(self.page.get_by_role("button", name=self.say("Approve and lift"))).to_have_count(0)

    def apologise(self, language: str, *, what_happened: str) -> None:
        """Writes the letter in `language`, sees it as the customer will, sends it."""
        self.follow("Write an apology …")
        self.page.locator(f".kk-tabs a[href='?language={language}']").click()
        self.fill("What happened", what_happened)
        self.fill("Reason", "case")
        self.press("Preview")
        expect(self.page.get_by_text(what_happened)).to_be_visible()
        self.press("Send the letter")
        self.sees("The letter is on its way.")
