"""Takes the README's pictures anew: `make pictures`. On servers of its own, with the demo people, in English."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import TestRun, this_run

# The settings are read from the environment that this makes; whatever imports models comes after.
RUN = this_run()

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

from tests.journeys.customer import AuthenticatorApp  # noqa: E402
from tests.journeys.mailbox import code_in  # noqa: E402
from tests.journeys.visitor import Visitor  # noqa: E402
from tests.people import Person, session_key_for  # noqa: E402
from tests.processes import Portal  # noqa: E402
from wallet_site.local.browser import ARGUMENTS, find_or_bring  # noqa: E402
from wallet_site.local.mail import messages_of  # noqa: E402
from wallet_site.local.people import EVERYBODY, seeded  # noqa: E402
from wallet_site.local.seeding import seed  # noqa: E402
from wallet_site.outbox.models import Priority  # noqa: E402
from wallet_site.outbox.relay import relay  # noqa: E402

FOLDER = Path(__file__).parent / "pictures"
LARGEST_BYTES = 200_000
DESKTOP = {"viewport": {"width": 1200, "height": 840}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 1.5,
    "color_scheme": "dark",
    "is_mobile": True,
}


def main() -> None:
    """Every picture; refuses one that is too heavy for a README."""
    with portal(RUN) as url, browser() as chromium:
        seed()
        for name, look, show in PICTURES:
            context = chromium.new_context(locale="en-GB", base_url=url, **{"color_scheme": "light", **look})
            page = context.new_page()
            show(page)
            page.wait_for_load_state("networkidle")
            page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
            keep(FOLDER / f"{name}.png", page.screenshot(animations="disabled", caret="hide"))
            context.close()


def home(page: Page) -> None:
    become(page, "emma@example.com")
    page.goto("/")


def sign_up(page: Page) -> None:
    """The step with the second factor."""
    somebody = Visitor(page, "en")
    page.goto("/sign-up/")
    somebody.fill("E-mail address", "hana@example.com")
    somebody.press("Send the code")
    relay(Priority.SECURITY)
    somebody.fill("Code from the mail", code_in(messages_of("hana@example.com")[0]))
    somebody.press("Continue")
    somebody.fill("Your name", "Hana Kato")
    somebody.fill("New password", "nine lanterns over the water")
    somebody.press("Continue")
    somebody.follow("Use an authenticator app")
    somebody.is_at("/sign-up/app/")
    somebody.fill("Code from the app", AuthenticatorApp(somebody.text("#totp-key").replace(" ", "")).code())


def pay(page: Page) -> None:
    become(page, "emma@example.com")
    page.goto("/pay/")
    expect(page.locator(".code__qr svg")).to_be_visible()


def customer(page: Page) -> None:
    """The desk's page of the demo customer who may not top up."""
    become(page, "agent@example.com")
    page.goto(f"/admin/customers/{seeded()['haruto@example.com'].public_id}/")


PICTURES: list[tuple[str, dict[str, Any], Callable[[Page], None]]] = [
    ("home", DESKTOP, home),
    ("sign-up", DESKTOP | {"viewport": {"width": 1200, "height": 1010}}, sign_up),
    ("pay", DESKTOP, pay),
    ("customer", DESKTOP | {"viewport": {"width": 1320, "height": 1010}}, customer),
    ("home-phone-dark", PHONE, home),
]


def become(page: Page, email: str) -> None:
    """The browser signed in as one of the demo people."""
    seed_of = next(one.totp_seed for one in EVERYBODY if one.email == email)
    person = Person(seeded()[email], "", seed_of, network="203.0.113.7")
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_key_for(person)}
    page.context.add_cookies([{**cookie, "url": settings.PUBLIC_URL}])


@contextmanager
def portal(run: TestRun) -> Iterator[str]:
    """A portal on a database and a Valkey of its own; all gone afterwards."""
    run.start_cache()
    run.start_database()
    web = Portal.of(run)
    try:
        web.start()
        yield web.url
    finally:
        web.kill()
        run.stop()


@contextmanager
def browser() -> Iterator[Browser]:
    ours = find_or_bring()
    # Playwright keeps an event loop on this thread; our own queries are no danger to it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=ours.program, args=ARGUMENTS, env=os.environ | ours.environment
        )
        yield chromium
        chromium.close()


def keep(path: Path, png: bytes) -> None:
    packed = repacked(png)
    sys.stdout.write(f"{path.name}: {len(packed):,} bytes\n")
    if len(packed) > LARGEST_BYTES:
        raise SystemExit(f"{path.name} is larger than {LARGEST_BYTES:,} bytes")
    path.write_bytes(packed)


def repacked(png: bytes) -> bytes:
    """The same picture, deflated as hard as zlib can; a browser is in a hurry when it takes one."""
    position, chunks, pixels = 8, [], b""
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position : position + 8])
        body = png[position + 8 : position + 8 + length]
        position += 12 + length
        if kind == b"IDAT":
            pixels += body
        else:
            chunks.append((kind, body))
    chunks.insert(-1, (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)))
    packed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return png[:8] + b"".join(packed)


if __name__ == "__main__":
    main()
