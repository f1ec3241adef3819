"""A real browser for tests. `page` is a fresh visitor on a desktop, `phone` one on a phone; both know `live_portal`.

A test that sees a message of the Content-Security-Policy, or an error in a page's script, fails at its end.
Without a browser these tests are skipped with the line that installs one; under CI they fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.processes import Portal
from wallet_site.local.browser import ARGUMENTS, find_or_bring
from wallet_site.local.processes import LocalError

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MILLISECONDS = 15_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser itself, one per run."""
    try:
        ours = find_or_bring()
    except LocalError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    # Playwright keeps an event loop on this thread; the tests' own queries are no danger to it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=ours.program, args=ARGUMENTS, env=os.environ | ours.environment
        )
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, live_portal: Portal) -> Iterator[Callable[..., Page]]:
    """Makes visitors: `visitor(viewport=..., color_scheme="dark", locale="en")` is a page with cookies of its own."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: Any) -> Page:
        settings = {"viewport": DESKTOP, "locale": "ja-JP", "base_url": live_portal.url} | options
        context = browser.new_context(**settings)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if _is_policy(message.text) else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not complaints


def _is_policy(text: str) -> bool:
    return "Content Security Policy" in text or "Content-Security-Policy" in text


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    """A fresh visitor on a desktop, in Japanese."""
    return visitor()


@pytest.fixture
def phone(visitor: Callable[..., Page]) -> Page:
    """A fresh visitor on a phone, in Japanese."""
    return visitor(viewport=PHONE, has_touch=True, is_mobile=True)
