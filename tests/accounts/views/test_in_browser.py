"""Every page of accounts in a real browser: no complaint of the CSP, no axe finding, nothing cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from accounts.models import CredentialChange, User
from accounts.undo_links import undo_url
from tests.accounts.mails import code_in, last_mail_to, link_in, mails_to
from tests.people import PASSWORD, fresh_email, totp_code
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEXT = "main form .button--primary"
LOOKS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "ja-JP"},
    "narrow": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark", "locale": "en-US"},
}


@dataclass
class Eyes:
    """Looks at each page that is passed and remembers what is wrong with it."""

    page: Page
    axe: Axe = field(default_factory=Axe)
    found: list[str] = field(default_factory=list)

    def look(self, path: str = "") -> None:
        if path:
            self.page.goto(path)
        self.page.wait_for_load_state()
        where = self.page.url.split("/", 3)[3]
        over = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if over > 0:
            self.found.append(f"{where}: {over} px too wide")
        for violation in self.axe.run(self.page).response["violations"]:
            nodes = [node["html"][:100] for node in violation["nodes"]][:2]
            self.found.append(f"{where}: {violation['id']} {nodes}")

    def send(self, button: str = NEXT, **values: str) -> None:
        for name, value in values.items():
            self.page.fill(f"[name$={name}]", value)
        self.page.click(f"{button} >> nth=0")
        self.look()


@pytest.mark.requirement(43)
@pytest.mark.parametrize("look", LOOKS)
def test_all_pages_from_sign_up_to_undo(look: str, visitor: Callable[..., Page]) -> None:
    eyes = Eyes(visitor(**LOOKS[look]))
    email = fresh_email("hana")
    seed = sign_up(eyes, email)
    for name in ("", "devices/", "password/", "email/", "apps/add/", "recovery-codes/"):
        eyes.look(f"/security/{name}")
    eyes.look("/preferences/")
    eyes.look("/step-up/")
    eyes.look("/step-up/?recovery")
    change_address(eyes)
    eyes.look("/security/")
    sign_in_again(eyes, email, seed)
    forgotten(eyes, email)
    undo(eyes, email)
    assert eyes.found == []


def sign_up(eyes: Eyes, email: str) -> str:
    eyes.look("/sign-up/")
    eyes.send(email="nonsense")
    assert eyes.page.locator(".summary").is_visible()
    assert eyes.page.evaluate("document.activeElement.className") == "summary"
    eyes.send(email=email)
    eyes.send(code=code_in(last_mail_to(email)))
    eyes.page.fill("[name=password]", "short")
    assert eyes.page.locator("[data-strength-of]").is_visible()
    eyes.send(full_name="加藤 花", password=PASSWORD)
    eyes.look("/sign-up/app/")
    seed = eyes.page.get_attribute("[data-copies]", "data-copies") or ""
    eyes.send(code=totp_code(seed))
    eyes.page.check("[name=saved]")
    eyes.send()
    assert User.objects.filter(email=email).exists()
    return seed


def change_address(eyes: Eyes) -> None:
    eyes.page.goto("/security/email/")
    eyes.send(new_email=fresh_email("new"))
    assert eyes.page.locator("[data-countdown]").is_visible()


def sign_in_again(eyes: Eyes, email: str, seed: str) -> None:
    eyes.page.context.clear_cookies()
    eyes.look("/sign-in/")
    eyes.send(email=email, password="not the password")
    assert eyes.page.locator(".summary").is_visible()
    eyes.send(email=email, password=PASSWORD)
    eyes.send(code="000000")
    eyes.send("button[name=use_recovery]")
    eyes.page.fill("[name$=code]", "abcd-efgh-ijkl-mnop")
    assert eyes.page.input_value("[name$=code]") == "abcd-efgh-ijkl-mnop"


def forgotten(eyes: Eyes, email: str) -> None:
    eyes.look("/reset/")
    eyes.send(email=email)
    message = [m for m in mails_to(email) if "/reset/link/" in str(m.body)][-1]
    link = link_in(message, "/reset/link/")
    eyes.look(link)
    assert link.split("/")[-2] not in eyes.page.url
    eyes.look("/reset/link/foreign/")


def undo(eyes: Eyes, email: str) -> None:
    user = User.objects.get(email=email)
    with recorded(Actor(kind="customer", user_id=user.pk, network="203.0.113.9", device="Firefox on Linux")):
        User.objects.filter(pk=user.pk).update(email=fresh_email("thief"))
    change = CredentialChange.objects.filter(user=user, kind="email_changed").latest("pk")
    eyes.look(undo_url(change, email))
    eyes.send("main form button")
    assert eyes.page.locator(".summary").is_visible()
    eyes.page.check("[name=not_me]")
    eyes.send("main form button")
    assert User.objects.get(pk=user.pk).email == email
    eyes.look(undo_url(change, email))
    eyes.look("/undo/x/")
