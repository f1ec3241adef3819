"""What every page must be: free of barriers, whole at every width and in either scheme, in one language, and light."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import brotli
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import Resolver404, resolve
from playwright.sync_api import ConsoleMessage, Page, Response

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What the other scheme and a phone's width can change; the rest of a page stays as it is.
RULES_OF_LOOKS = ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable"]
WIDE, PHONE, NARROW = 1280, 390, 320
TRANSFER_BYTES = 100_000
SCRIPT_BYTES = 25_000
LAYOUT_SHIFT = 0.01

# Names and codes that stay as they are in Japanese.
_NAMES = (
    "Kakehashi JPY Webhook JCB Visa Mastercard American Express Stripe "
    "QR ID API SMS JST DPoP TOTP PDF CSV JSON ZIP KB USB OS "
    "Chrome Firefox Safari Edge on Windows Mac Linux Android iOS iPhone iPad Mobile HeadlessChrome "
    "English Hashi Mart Komorebi Coffee Secure Demo phone Phone"
)
LATIN_IN_JAPANESE = frozenset(_NAMES.split())
_NO_WORDS = re.compile(
    r"\S+@\S+|https?://\S+|\b[A-Z0-9]{4}(?:[ -][A-Z0-9]{4})+\b|\bK-[0-9-]+|\b[0-9a-f]{8,}\S*|[\w-]*\d[\w-]*"
)
_SHIFT = """() => new Promise(resolve => {
    let moved = 0;
    new PerformanceObserver(list => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) moved += one.value;
    }).observe({type: "layout-shift", buffered: true});
    requestAnimationFrame(() => setTimeout(() => resolve(moved), 0));
})"""
_BEYOND_THE_EDGE = """() => [...document.body.querySelectorAll("*")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 0.5)
    .map(one => `${one.tagName.toLowerCase()}.${one.className} ${one.getBoundingClientRect().right}`)"""
# Words that stick out of what they stand in: cut off, or over their neighbours.
_OUT_OF_THE_BOX = """() => [...document.querySelectorAll("main *, #main *")]
    .filter(one => one instanceof HTMLElement && !one.children.length && one.textContent.trim())
    .filter(one => !["absolute", "fixed"].includes(getComputedStyle(one).position) && !one.closest(".kk-scroll"))
    .filter(one => one.parentElement.getBoundingClientRect().width > 1)
    .filter(one => one.getBoundingClientRect().right > one.parentElement.getBoundingClientRect().right + 1)
    .map(one => `${one.tagName.toLowerCase()}.${one.className}: ${one.textContent.trim().slice(0, 60)}`)"""
# A new width counts from the next frame on; colours on their way from one scheme to the other are neither.
_AT_REST = """async () => {
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    for (const one of document.getAnimations())
        if (one.effect?.getComputedTiming().endTime === Infinity) one.cancel(); else one.finish();
}"""
AXE = Axe().axe_script
_BARRIERS = """async rules => {
    const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"], iframes: false});
    return found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`));
}"""
# Everything that a person reads or hears, except what is marked as another language.
_WORDS = """() => {
    const SILENT = "script, noscript, style, code, .avatar, [lang]:not(html), [hidden]";
    const said = [document.title];
    const walk = node => {
        if (node.nodeType === Node.TEXT_NODE) { said.push(node.data); return; }
        if (node.nodeType !== Node.ELEMENT_NODE || node.matches(SILENT)) return;
        for (const name of ["aria-label", "placeholder", "alt", "title"])
            if (node.hasAttribute(name)) said.push(node.getAttribute(name));
        if (node.matches("button[data-done]")) said.push(node.dataset.done);
        for (const child of node.childNodes) walk(child);
    };
    walk(document.body);
    return said;
}"""


@dataclass
class Inspector:
    """Looks at one page after another in one browser: `routes` are those seen, `findings` what is wrong with them.

    `own_words` tells the Latin words that people have typed, which stay as they are in Japanese. With `pictures` it
    keeps one of every page and look there, for human eyes.
    """

    page: Page
    language: str
    own_words: Callable[[], set[str]] = set
    pictures: Path | None = None
    findings: list[str] = field(default_factory=list)
    routes: set[str] = field(default_factory=set)
    _complaints: list[ConsoleMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        # That a page answers 404 or 422 is what it should; the browser still complains about it.
        intended = message.text.startswith("Failed to load resource") and message.location["url"].startswith(
            self.page.url.split("#")[0]
        )
        # How soon a busy machine paints with the font says nothing about the page.
        hurried = "was preloaded using link preload but not used" in message.text
        if message.type in ("error", "warning") and not intended and not hurried:
            self._complaints.append(message)

    def look(self, name: str) -> None:
        """Judges the page as it stands: on a desktop and on phones, light and dark."""
        self.page.wait_for_load_state("load")
        self._note_route()
        self.page.evaluate("document.fonts.ready.then(() => true)")
        schemes = ("light", "dark") if self.language == "en" else ("dark", "light")
        self._wear(WIDE, schemes[0])
        self._judge_words(name)
        self._judge(name, f"{WIDE} {schemes[0]}", RULES)
        self._wear(NARROW, schemes[1])
        self._judge_width(name, NARROW)
        self._wear(PHONE, schemes[1])
        self._judge(name, f"{PHONE} {schemes[1]}", RULES_OF_LOOKS)
        self._wear(WIDE, "light")
        self.findings += [f"{name}: {one.type} in the console: {one.text}" for one in self._complaints]
        self._complaints.clear()

    def _note_route(self) -> None:
        where = self.page.url.removeprefix(settings.PUBLIC_URL)
        with suppress(Resolver404):
            self.routes.add(resolve(urlsplit(where).path).view_name)

    def _wear(self, width: int, scheme: str) -> None:
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.set_viewport_size({"width": width, "height": 844})
        self.page.evaluate(_AT_REST)

    def _judge(self, name: str, look: str, rules: list[str]) -> None:
        self._judge_width(name, self.page.viewport_size["width"])
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        self.findings += [f"{name} ({look}): {found}" for found in self.page.evaluate(_BARRIERS, rules)]
        if self.pictures:
            file = self.pictures / f"{name} {self.language} {look}.png".replace(" ", "-").replace("/", "_")
            self.page.screenshot(path=file, full_page=True)

    def _judge_width(self, name: str, width: int) -> None:
        if self.page.evaluate("document.documentElement.scrollWidth") > width:
            self.findings.append(f"{name} ({width}): beyond the edge: {self.page.evaluate(_BEYOND_THE_EDGE)}")
        if out := self.page.evaluate(_OUT_OF_THE_BOX):
            self.findings.append(f"{name} ({width}): out of its box: {out}")

    def _judge_words(self, name: str) -> None:
        headings = [one.strip() for one in self.page.locator("h1").all_inner_texts()]
        if len(headings) != 1 or not headings[0]:
            self.findings.append(f"{name}: its h1 are {headings}")
        if not re.match(r".+ (–|\|) .+", self.page.title()):
            self.findings.append(f"{name}: its title is {self.page.title()!r}")
        if self.page.evaluate("document.documentElement.lang") != self.language:
            self.findings.append(f"{name}: it does not say that it is in {self.language}")
        english = untranslated(self.page.evaluate(_WORDS)) if self.language == "ja" else set()
        if english and (english := english - self.own_words()):
            self.findings.append(f"{name}: not in Japanese: {sorted(english)}")


def untranslated(texts: list[str]) -> set[str]:
    """The Latin words among the texts of a Japanese page that are no names and no codes."""
    words = (word for text in texts for word in re.findall(r"[A-Za-z]{2,}", _NO_WORDS.sub(" ", text)))
    return set(words) - LATIN_IN_JAPANESE


@dataclass
class Scales:
    """Weighs what a page asks of the network when nothing is cached."""

    page: Page
    answers: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("response", lambda answer: self.answers.append(answer))

    def findings(self, path: str) -> list[str]:
        """Loads the page and says where it is over its budgets. Texts count as brotli makes them."""
        self.answers.clear()
        self.page.goto(path)
        self.page.wait_for_load_state("networkidle")
        sizes = {one.url: self._size(one) for one in self.answers if one.ok}
        scripts = sum(self._size(one) for one in self.answers if one.request.resource_type == "script")
        moved = self.page.evaluate(_SHIFT)
        found = [
            (sum(sizes.values()) > TRANSFER_BYTES, f"{path}: {sum(sizes.values())} bytes: {sizes}"),
            (scripts > SCRIPT_BYTES, f"{path}: {scripts} bytes of script"),
            (moved > LAYOUT_SHIFT, f"{path}: its parts move by {moved}"),
        ]
        return [text for over, text in found if over]

    def _size(self, answer: Response) -> int:
        body = answer.body()
        packed = re.match(r"font/|image/(?!svg)", answer.headers.get("content-type", ""))
        return len(body) if packed else len(brotli.compress(body, quality=5))
