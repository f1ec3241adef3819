"""A card is linked and charged in a real browser, through the pretend bank's pages; webhooks settle what is late."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page, expect

from payments.models import Card, TopUp
from tests.browser import DESKTOP, PHONE
from tests.payments.processors.harness import CHALLENGES, SLOW_THEN_SUCCEEDS, SUCCEEDS, SandboxHarness
from tests.payments.topping import balance, linked_card
from tests.people import Person, make_customer, session_key_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def check(page: Page) -> None:
    """No finding of axe, and nothing to scroll sideways."""
    result = Axe().run(page, options=RULES).response
    found = [f"{rule['id']}: {node['html']}" for rule in result["violations"] for node in rule["nodes"]]
    assert found == [], page.url
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def sign_in(page: Page, person: Person) -> None:
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    page.context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": session_key_for(person),
                "domain": host,
                "path": "/",
                "httpOnly": True,
            }
        ]
    )


@pytest.fixture
def aya() -> Person:
    return make_customer("aya")


LOOKS = [
    pytest.param({"viewport": DESKTOP, "locale": "en"}, id="desktop"),
    pytest.param(
        {"viewport": PHONE, "locale": "ja-JP", "color_scheme": "dark", "is_mobile": True, "has_touch": True},
        id="phone in the dark",
    ),
]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.usefixtures("new_cards")
def test_link_a_card_and_top_up(visitor: Callable[..., Page], aya: Person, look: dict[str, object]) -> None:
    page = visitor(**look)
    sign_in(page, aya)
    page.goto("/cards/")
    check(page)
    page.locator("main a[href='/cards/link/']").first.click()
    check(page)
    page.locator("main form button").click()

    # At the processor: choose a test card, have its form filled in, send it.
    page.wait_for_url(f"{settings.SANDBOX_URL}/setup/**")
    check(page)
    page.locator(".cards a", has_text="4242 4242").click()
    expect(page.locator("#number")).to_have_value("4242 4242 4242 4242")
    expect(page.locator("#holder")).to_have_value("Aya Sato")
    page.locator("button.primary").click()
    # The pretend bank shows its code.
    code = page.locator("#demo-code").inner_text()
    check(page)
    page.locator("#code").fill("000000" if code != "000000" else "111111")
    page.locator("button[value=approve]").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    check(page)
    page.locator("#code").fill(code)
    page.locator("button[value=approve]").click()

    page.wait_for_url(re.compile(r"/cards/link/[0-9a-f-]{36}/"))
    expect(page.locator(".plastic")).to_be_visible()
    check(page)
    card = Card.objects.get(user=aya.user)
    assert card.last_four == "4242"

    page.locator(f"main a[href*='{card.public_id}']").click()
    check(page)
    page.locator(".amounts button").nth(1).click()
    expect(page.locator("#id_amount")).to_have_value("3,000")
    page.locator("main form button[type=submit]").click()
    check(page)
    page.locator("button[name=confirmed]").click()
    expect(page.locator(".banner--success")).to_be_visible()
    check(page)
    assert balance(aya) == 3_000
    page.goto("/cards/")
    check(page)


@pytest.mark.usefixtures("sandbox_processor")
@pytest.mark.parametrize("look", LOOKS)
def test_the_bank_asks_at_the_charge_too(
    visitor: Callable[..., Page], harness: SandboxHarness, aya: Person, look: dict[str, object]
) -> None:
    linked_card(aya, harness, CHALLENGES)
    page = visitor(**look)
    sign_in(page, aya)
    page.goto("/top-up/?amount=2000")
    page.locator("main form button[type=submit]").click()
    page.locator("button[name=confirmed]").click()
    page.wait_for_url(f"{settings.SANDBOX_URL}/pay/**")
    check(page)
    page.locator(".leave a").click()
    page.wait_for_url(re.compile(r"/top-up/[0-9a-f-]{36}/"))
    check(page)
    page.locator(".banner--warning a").click()
    page.locator("#code").fill(page.locator("#demo-code").inner_text())
    page.locator("button[value=approve]").click()
    expect(page.locator(".banner--success")).to_be_visible()
    assert balance(aya) == 2_000


def test_a_late_answer_shows_itself_without_a_reload(
    visitor: Callable[..., Page], harness: SandboxHarness, aya: Person
) -> None:
    linked_card(aya, harness, SLOW_THEN_SUCCEEDS)
    page = visitor(locale="en")
    sign_in(page, aya)
    page.goto("/top-up/?amount=2000")
    page.locator("main form button[type=submit]").click()
    page.locator("button[name=confirmed]").click()
    # The webhook comes while the answer is held back; whichever was first, there is one credit.
    expect(page.locator(".banner--success")).to_be_visible()
    [made] = TopUp.objects.filter(user=aya.user)
    assert made.state == "succeeded"
    assert balance(aya) == 2_000


def test_a_limit_is_read_where_it_is_met(
    visitor: Callable[..., Page], harness: SandboxHarness, aya: Person
) -> None:
    linked_card(aya, harness, SUCCEEDS, days_old=0)
    page = visitor(viewport=PHONE, locale="en")
    sign_in(page, aya)
    page.goto("/top-up/?amount=5001")
    check(page)
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".summary")).to_contain_text("While this card is new it can be charged ¥5,000 a day")
    expect(page).to_have_title("Error: Top up – Kakehashi")
    check(page)
    assert balance(aya) == 0
