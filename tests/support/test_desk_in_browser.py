"""An agent's work in a real browser: no message of the CSP, no finding of axe, nothing cut off, in every look."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page, expect

from support.models import Approval
from tests.browser import PHONE
from tests.payments.books import customer_with
from tests.people import Person, session_key_for, signed_in_client
from tests.processes import Portal, Worker
from tests.support.desk import agent, page_of, stop, supervisor
from wallet_site.local.mail import messages_of
from wallet_site.local.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

LOOKS = {
    "light": {"color_scheme": "light", "locale": "en-GB"},
    "dark": {"color_scheme": "dark", "locale": "ja-JP"},
    "phone": {"color_scheme": "light", "locale": "ja-JP", "viewport": PHONE},
}


def as_person(page: Page, person: Person, portal: Portal) -> Page:
    """The same browser, signed in with a second factor."""
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_key_for(person), "url": portal.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    return page


def findings(page: Page) -> list[str]:
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_of_the_desk_is_whole(
    visitor: Callable[..., Page], live_portal: Portal, look: str
) -> None:
    aya, rin = customer_with(5_000), agent()
    stopped = stop(aya, "top_up", by=rin)
    client = signed_in_client(rin)
    client.post(
        page_of(aya, "case/"), {"queue": "other", "subject": "Asks for a receipt", "text": "by phone"}
    )
    client.post(page_of(aya, "note/"), {"text": "Calls back tomorrow."})
    client.post(f"/admin/suspensions/{stopped.public_id}/lift/", {"reason": "proven"})
    case = aya.user.cases.get()
    request = Approval.objects.get(kind="lift_suspension", subject_id=stopped.pk)
    page = as_person(visitor(**LOOKS[look]), rin, live_portal)
    for path in (
        "/admin/", "/admin/customers/", page_of(aya), page_of(aya, "?kind=notice"), page_of(aya, "suspend/"),
        page_of(aya, "end-sessions/"), page_of(aya, "letter/"), page_of(aya, "case/"), page_of(aya, "reveal/"),
        "/admin/cases/", f"/admin/cases/{case.public_id}/", "/admin/approvals/",
        f"/admin/approvals/{request.public_id}/", "/admin/nowhere/",
    ):  # fmt: skip
        page.goto(path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path


@pytest.mark.parametrize("look", LOOKS)
def test_the_customers_side_and_the_demo_are_whole(
    visitor: Callable[..., Page], live_portal: Portal, worker: Worker, look: str
) -> None:
    ken = customer_with(5_000, "ken")
    stop(ken, "spending")
    page = as_person(visitor(**LOOKS[look]), ken, live_portal)
    paths = ["/restricted/", "/demo/", "/demo/mail/", f"/demo/mail/{quote(ken.email)}/"]
    for path in paths:
        page.goto(path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path


def test_an_agent_finds_stops_and_apologises_and_a_second_person_lifts(
    visitor: Callable[..., Page], live_portal: Portal, worker: Worker
) -> None:
    aya, rin, sota = customer_with(5_000), agent(), supervisor()
    her = as_person(visitor(locale="en-GB"), aya, live_portal)
    her.goto("/")
    desk = as_person(visitor(locale="en-GB"), rin, live_portal)
    desk.goto("/admin/")
    desk.keyboard.press("/")
    desk.keyboard.type(aya.user.customer_number)
    desk.keyboard.press("Enter")
    expect(desk.locator("h1")).to_have_text(aya.user.full_name)

    desk.get_by_role("link", name="Freeze the wallet").click()
    desk.get_by_label("Reason").fill("Somebody else is in her account")
    desk.get_by_role("button", name="Next").click()
    expect(desk.get_by_text("The wallet is frozen")).to_be_visible()
    desk.get_by_role("button", name="Stop it now").click()
    expect(desk.get_by_text("Stopped: Everything").first).to_be_visible()
    her.goto("/")
    expect(her).to_have_url(re.compile("/sign-in/"))

    desk.get_by_role("link", name="Ask to lift it").click()
    desk.get_by_label("Reason").fill("She came with her ID")
    desk.get_by_role("button", name="Ask to lift").click()
    boss = as_person(visitor(locale="en-GB"), sota, live_portal)
    boss.goto(page_of(aya))
    boss.get_by_role("link", name="Asked to be lifted").click()
    boss.get_by_label("Reason").fill("I saw it too")
    boss.get_by_role("button", name="Approve and lift").click()
    expect(boss.get_by_text("Lifted: Everything")).to_be_visible()

    desk.goto(page_of(aya, "letter/?language=ja"))
    desk.get_by_label("What happened").fill("7月3日に、二重の引き落としが発生しました。")
    desk.get_by_label("Amount that concerns").fill("3,200")
    desk.get_by_label("When the customer is repaid").fill("本日")
    desk.get_by_label("Reason").fill("case 7")
    desk.get_by_role("button", name="Preview").click()
    expect(desk.get_by_text("誠に申し訳ございません")).to_be_visible()
    desk.get_by_role("button", name="Send the letter").click()
    notice = desk.locator("li").filter(has_text="Notice: Letter of apology")
    expect(notice).to_be_visible()
    wait_until(
        lambda: bool(messages_of(aya.email)) and "3,200" in messages_of(aya.email)[0].text,
        within_seconds=30,
        otherwise=lambda: "the letter does not arrive",
    )
    desk.reload()
    expect(notice).to_contain_text("Sent")
    letter = messages_of(aya.email)[0]
    her.goto(f"/demo/mail/{quote(aya.email)}/{letter.name}/")
    expect(her.frame_locator("iframe").get_by_text("二重の引き落とし")).to_be_visible()
