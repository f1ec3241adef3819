"""Ways by the pages that are not a customer's: the desk's, the demo's, and those of what should never happen."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Route

from accounts.models import User
from support.models import Approval
from tests.authenticator import with_passkey
from tests.journeys.customer import Customer
from tests.journeys.guide import Guide, Tour, demo_person
from tests.journeys.mailbox import mail_to
from tests.people import make_customer
from tests.support.desk import agent, page_of, stop, supervisor
from wallet_site.local.mail import messages_of


def desk(guide: Guide) -> Tour:
    rin, sota = agent(), supervisor()
    aya, haruto = demo_person("aya@example.com"), demo_person("haruto@example.com")
    guide.become(rin)
    stopped = haruto.user.suspensions.filter(lifted_at=None).first()
    assert stopped is not None
    case = demo_person("sora@example.com").user.cases.first()
    assert case is not None
    person = make_customer("ken")
    spending = stop(person, "spending", by=rin)
    guide.become(rin)
    yield from guide.goto(
        "/admin/", "/admin/customers/", "/admin/customers/?q=だれもいない", page_of(aya), page_of(haruto),
        page_of(aya, "?kind=notice"), page_of(aya, "suspend/"), page_of(aya, "end-sessions/"),
        page_of(aya, "letter/"), page_of(aya, "case/"), page_of(aya, "reveal/"), page_of(aya, "recovery/"),
        "/admin/cases/",
        "/admin/cases/?queue=mine", f"/admin/cases/{case.public_id}/",
        f"/admin/suspensions/{stopped.public_id}/lift/", "/admin/switches/",
        "/admin/switches/top_up/", "/admin/roles/", "/admin/roles/ask/",
        "/admin/nowhere/",
    )  # fmt: skip
    member = Customer(guide.page, guide.language)
    guide.page.goto(page_of(aya, "suspend/?scope=all"))
    member.press("Next")
    yield "desk, stop without a reason"
    member.fill("Reason", "ほかの誰かが利用している")
    member.press("Next")
    yield "desk, what a stop does"
    guide.page.goto(page_of(aya, "letter/"))
    member.fill("What happened", "7月3日に、二重の引き落としが発生しました。")
    member.fill("Reason", "案件7")
    member.press("Preview")
    yield "desk, letter as it will be"
    guide.page.goto(page_of(aya, "reveal/"))
    member.fill("Reason", "案件7")
    member.press("Show")
    yield "desk, revealed"
    guide.page.goto(f"/admin/suspensions/{spending.public_id}/lift/")
    member.fill("Reason", "本人を確認した")
    member.press("Ask to lift")
    request = Approval.objects.get(kind="lift_suspension", subject_id=spending.pk)
    yield from guide.goto(page_of(person), "/admin/approvals/", f"/admin/approvals/{request.public_id}/")
    guide.become(sota)
    yield from guide.goto("/admin/", f"/admin/approvals/{request.public_id}/")


def own_factors(guide: Guide) -> Tour:
    """How a member of staff signs in, without and with passkeys."""
    rin = agent()
    member = guide.become(rin)
    yield from guide.goto("/admin/you/", "/admin/you/passkeys/add/", "/admin/you/apps/add/")
    member.fill("Code from the app", "000000")
    member.press("Add the app")
    yield "desk, an app's wrong code"
    passkey, _device = with_passkey(rin, name="iPhone")
    guide.become(rin)
    factor = f"/admin/you/factors/{passkey.public_id}"
    yield from guide.goto("/admin/you/", f"{factor}/name/", f"{factor}/remove/", "/admin/you/recovery-codes/")
    member.press("Make new recovery codes")
    guide.page.locator(".own-codes").wait_for()
    yield "desk, new recovery codes"


def demo(guide: Guide) -> Tour:
    guide.become(None)
    person = make_customer("aya")
    stop(person, "sending")
    with translation.override(person.user.language):
        mail_to(person.email, translation.gettext("Your account is open"))
    yield from guide.goto(
        "/demo/", "/demo/mail/", f"/demo/mail/{quote(person.email)}/", "/demo/mail/nobody%40example.com/",
        f"/demo/mail/{quote(person.email)}/{messages_of(person.email)[0].name}/", "/demo/store/",
    )  # fmt: skip
    guide.page.locator("main form button.button--primary").click()
    yield "demo, till without a code"
    guide.page.get_by_role("textbox").first.fill("2900 0000 0000 0000 0000 0000")
    guide.page.locator("#id_amount").fill("120")
    guide.page.locator("main form button.button--primary").click()
    yield "demo, till refused"


def failures(guide: Guide) -> Tour:
    """The pages of what should never happen: rendered as their handlers do, shown at an address of the portal."""
    for status in ("400", "403", "404", "500", "503"):
        request = RequestFactory().get("/broken/", headers={"accept-language": guide.language})
        request.user = User()  # type: ignore[assignment]
        with translation.override(guide.language):
            html = render_to_string(f"{status}.html", request=request if status != "500" else None)
        guide.page.route(f"**/broken/{status}/", _answer_with(html))
        guide.page.goto(f"/broken/{status}/")
        yield f"error {status}"


def _answer_with(html: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8")
