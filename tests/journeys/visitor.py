"""Somebody in front of a browser, who reads the pages in one language and finds buttons and fields by their words.

The words are the English ones of the templates, turned into the visitor's language: a missing translation is not found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Locator, Page, expect


@dataclass
class Visitor:
    """A browser with cookies of its own."""

    page: Page
    language: str

    def say(self, words: str, **values: object) -> str:
        """The words as this visitor reads them."""
        with translation.override(self.language):
            return gettext(words) % values if values else gettext(words)

    def fill(self, label: str, value: str) -> None:
        self.page.get_by_label(self._whole(label)).fill(value)

    def press(self, label: str, **values: object) -> None:
        self.page.get_by_role("button", name=self.say(label, **values), exact=True).click()

    def follow(self, label: str) -> None:
        """Follows the first link of that name."""
        self.page.get_by_role("link", name=self.say(label), exact=True).first.click()

    def sees(self, words: str, **values: object) -> None:
        expect(self.page.get_by_text(self.say(words, **values)).first).to_be_visible()

    def is_at(self, path: str) -> None:
        """Waits for the page with that path; the query does not count."""
        expect(self.page).to_have_url(re.compile(rf"^https?://[^/]+{re.escape(path)}(\?.*)?$"))

    def reads_heading(self, words: str, **values: object) -> None:
        expect(self.page.locator("h1")).to_have_text(self.say(words, **values))

    def text(self, selector: str) -> str:
        found: Locator = self.page.locator(selector)
        return found.inner_text()

    def _whole(self, label: str) -> re.Pattern[str]:
        """The label alone or with "(optional)" behind it, not a longer one that begins the same."""
        return re.compile(rf"^\s*{re.escape(self.say(label))}\s*(\(.*\)|（.*）)?\s*$")
