"""Every component in a real browser: no finding of axe (WCAG 2.2 AA), nothing cut off, nothing the policy refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
GALLERY = "/demo/components/"

pytestmark = pytest.mark.browser


def findings(page: Page) -> list[str]:
    """What axe finds, as rule and element."""
    result = Axe().run(page, options=RULES).response
    return [f"{rule['id']}: {node['html']}" for rule in result["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["ja", "en"])
def test_no_barrier_and_nothing_cut_off(
    visitor: Callable[..., Page], width: int, scheme: str, locale: str
) -> None:
    page = visitor(viewport={"width": width, "height": 844}, color_scheme=scheme, locale=locale)
    page.goto(GALLERY)
    page.wait_for_load_state("networkidle")
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_summary_takes_the_focus_and_leads_to_the_field(page: Page) -> None:
    page.goto(GALLERY)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.activeElement.className") == "summary"
    page.locator(".summary a").first.click()
    assert page.evaluate("document.activeElement.id") == "id_email"


def test_a_password_can_be_shown_and_is_hidden_before_it_is_sent(page: Page) -> None:
    page.goto(GALLERY)
    page.locator("[data-reveals]").click()
    assert page.locator("#id_password").get_attribute("type") == "text"
    page.evaluate(
        "document.querySelector('#id_password').form.addEventListener('submit', e => e.preventDefault())"
    )
    page.locator("#id_password").press("Enter")
    assert page.locator("#id_password").get_attribute("type") == "password"


def test_an_amount_is_grouped_when_the_field_is_left(page: Page) -> None:
    page.goto(GALLERY)
    page.locator("#id_amount").fill("１２３４５")
    page.locator("#id_amount").blur()
    assert page.locator("#id_amount").input_value() == "12,345"


def test_a_dialog_opens_and_can_be_left(page: Page) -> None:
    page.goto(GALLERY)
    page.locator("[data-opens=g-dialog]").click()
    assert page.locator("#g-dialog").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#g-dialog").is_hidden()


def test_the_chosen_scheme_and_hidden_amounts_stay(page: Page) -> None:
    page.goto(GALLERY)
    page.locator("details.menu summary").click()
    page.locator("[data-theme-switch] button[value=dark]").click()
    page.locator("[data-conceals]").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("html").get_attribute("data-concealed") is not None


def test_a_form_is_sent_once(page: Page) -> None:
    page.goto(GALLERY)
    page.evaluate(
        """() => {
            const form = document.querySelector("#id_password").form;
            form.action = "/language/";
            window.sent = 0;
            window.addEventListener("submit", (event) => {
                if (!event.defaultPrevented) window.sent += 1;
                event.preventDefault();
            });
        }"""
    )
    button = page.locator("form:has(#id_password) .button--primary")
    button.click()
    button.click(force=True)
    assert page.evaluate("window.sent") == 1
