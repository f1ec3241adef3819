"""Ways by the pages of who wants their data or closes their wallet, and of the desk that owes them money."""

from __future__ import annotations

from django.conf import settings

from payments.actions.closures import close_one
from payments.actions.data_exports import make_exports
from payments.models import Claim, Closure, JournalKind
from support.models import Approval
from tests.journeys.customer import Customer
from tests.journeys.guide import Guide, Tour
from tests.payments.books import TESTS
from tests.payments.books import top_up as money_of
from tests.payments.closing import give
from tests.payments.processors.harness import MASTERCARD, SandboxHarness
from tests.payments.topping import linked_card, top_up
from tests.people import Person, make_customer
from tests.support.desk import agent, page_of, stop, supervisor
from wallet_site.local.backdating import as_owner


def leaving(guide: Guide) -> Tour:
    person = with_money(make_customer("mio", language=guide.language))
    somebody = guide.become(person)
    yield from guide.goto("/preferences/", "/data/")
    somebody.press("Ask for a copy")
    guide.page.locator("#copy").wait_for()
    yield "data, asked for"
    make_exports()
    yield from guide.goto("/data/", "/closing/")
    guide.page.locator("main form button.button--danger").click()
    yield "closing, not ticked"
    guide.page.get_by_role("checkbox").check()
    guide.page.locator("main form button.button--danger").click()
    guide.page.locator("#waits").wait_for()
    yield "closing, waits"
    yield from guide.goto("/")
    is_due(person)
    Closure.objects.filter(user=person.user).update(held_up_by="payments")
    yield from guide.goto("/closing/")
    stopped = make_customer("mio", language=guide.language)
    stop(stopped, "sending")
    guide.become(stopped)
    yield from guide.goto("/closing/")


def owed_by_the_desk(guide: Guide) -> Tour:
    """A wallet that closed with more than its cards could take."""
    rin, sota = agent(), supervisor()
    person = with_money(make_customer("ken"))
    closure = Closure.objects.create(user=person.user)
    guide.become(rin)
    yield from guide.goto(page_of(person))
    is_due(person)
    assert close_one(closure.pk, actor=TESTS)
    claim = Claim.objects.filter(user=person.user, way="desk").earliest("pk")
    yield from guide.goto(page_of(person), f"/admin/claims/{claim.public_id}/pay/")
    member = Customer(guide.page, guide.language)
    member.press("Ask to pay it out")
    yield "desk, claim without a reason"
    member.fill("Transfer of our bank", "20260503-0001")
    member.fill("Reason", "口座を確認した")
    member.press("Ask to pay it out")
    waiting = Approval.objects.get(kind="pay_claim", subject_id=claim.pk)
    guide.become(sota)
    yield from guide.goto(f"/admin/approvals/{waiting.public_id}/")


def with_money(person: Person) -> Person:
    """Two cards with a charge each, goodwill, compensation, and money that came from elsewhere."""
    bank = SandboxHarness(settings.SANDBOX_URL)
    try:
        top_up(person, linked_card(person, bank), 3_000)
        top_up(person, linked_card(person, bank, MASTERCARD), 4_500)
    finally:
        bank.close()
    give(person, 500, JournalKind.GOODWILL)
    give(person, 300, JournalKind.COMPENSATION)
    money_of(person, 1_200)
    return person


def is_due(person: Person) -> None:
    """The wait is over."""
    with as_owner() as owner:
        owner.execute("ALTER TABLE payments_closure DISABLE TRIGGER keeps_its_steps")
        owner.execute(
            "UPDATE payments_closure SET closes_at = closes_at - interval '8 days' WHERE user_id = %s",
            [person.user.pk],
        )
        owner.execute("ALTER TABLE payments_closure ENABLE TRIGGER keeps_its_steps")


LEAVING_TOURS = (leaving, owed_by_the_desk)
