"""Ways through sending, asking, limits of one's own and the automatic top-up, in every state that looks different."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import StepUpChallenge
from payments.actions.findability import change_findability
from payments.actions.money_requests import decline_request
from payments.models import AutoTopUp, Card, OwnLimit, Payee
from tests.journeys.customer import AuthenticatorApp
from tests.journeys.guide import Guide, Tour, demo_person
from tests.payments.actions.test_money_requests import ask
from tests.payments.actions.test_transfers import ledger_send
from tests.payments.books import customer_with, open_counter, top_up
from tests.people import make_customer
from tests.till import Till


def sending(guide: Guide) -> Tour:
    """Somebody without anybody to pay, then with people, requests and a limit that is used up."""
    person, ken = make_customer("mio", language=guide.language), customer_with(9_000, "ken")
    somebody, page = guide.become(person), guide.page
    yield from guide.goto("/send/", "/send/found/")
    page.goto("/send/")
    somebody.fill("E-mail address or phone number", "nobody@example.com")
    somebody.press("Find")
    yield "send, found nobody"
    change_findability(ken.user, by_email=True, by_phone=False, actor=ken.actor)
    top_up(person, 7_000)
    somebody.fill("E-mail address or phone number", ken.email)
    somebody.press("Find")
    somebody.reads_heading("Send money")
    yield "send, how much"
    page.locator("#id_amount").fill("9,500")
    somebody.press("Continue")
    yield "send, too much"
    page.locator("#id_amount").fill("2,500")
    somebody.fill("Message", "ありがとう")
    somebody.press("Continue")
    somebody.reads_heading("Check and send")
    yield "send, check"
    page.locator("button[name=confirmed]").click()
    page.wait_for_url("**/step-up/**")
    assert StepUpChallenge.objects.filter(user=person.user, amount_minor=2_500).exists()
    yield "send, confirm"
    somebody.fill("Code from the app", AuthenticatorApp(person.seed).code())
    page.locator("main form button.button--primary").first.click()
    page.locator(".success").wait_for()
    yield "send, sent"
    ledger_send(ken, person, 300)
    change_findability(person.user, by_email=True, by_phone=False, actor=person.actor)
    first, second = (ask(ken, Payee.objects.get(owner=ken.user), amount).request for amount in (800, 950))
    mine = ask(person, Payee.objects.get(owner=person.user, person=ken.user), 1_500).request
    yield from guide.goto(
        "/send/", "/", f"/send/requests/{first.public_id}/", f"/send/requests/{mine.public_id}/"
    )
    decline_request(person.user, request_id=second.public_id, block=True, actor=person.actor)
    payee = Payee.objects.get(owner=person.user, person=ken.user)
    yield from guide.goto(
        f"/send/requests/{second.public_id}/", "/send/found/", f"/send/from/{payee.public_id}/"
    )
    somebody.press("Ask")
    yield "ask, empty"


def own_rules(guide: Guide) -> Tour:
    """Limits and the automatic top-up, untouched, set and waiting; the till that asks."""
    person = demo_person("emma@example.com" if guide.language == "en" else "mei@example.com")
    somebody, page = guide.become(person), guide.page
    yield from guide.goto("/limits/", "/limits/per-day/", "/limits/confirm-above/", "/top-up/automatic/")
    page.goto("/limits/per-day/")
    page.locator("#id_amount").fill("nonsense")
    somebody.press("Save")
    yield "limit, refused"
    page.locator("#id_amount").fill("5,000")
    somebody.press("Save")
    somebody.is_at("/limits/")
    yield "limits, one lower"
    OwnLimit.objects.filter(user=person.user).update(
        next_amount=9_000, next_at=timezone.now() + timedelta(hours=25)
    )
    yield from guide.goto("/limits/", "/limits/per-day/")
    card = Card.objects.filter(user=person.user, state="live").latest("pk")
    AutoTopUp.objects.update_or_create(
        user=person.user,
        defaults={"card": card, "threshold": 1_000, "amount": 3_000, "is_on": True, "off_because": ""},
    )
    yield from guide.goto("/top-up/automatic/")
    AutoTopUp.objects.filter(user=person.user).update(is_on=False, off_because="failed")
    yield from guide.goto("/top-up/automatic/")
    shopper = customer_with(9_000, "mio")
    shopper.user.language = guide.language
    shopper.user.save(update_fields=["language"])
    somebody = guide.become(shopper)
    page.goto("/limits/confirm-above/")
    page.locator("#id_amount").fill("1,000")
    somebody.press("Save")
    somebody.is_at("/limits/")
    page.goto("/pay/")
    digits = somebody.show_code()
    Till(open_counter(), url=guide.portal.url).take(digits, 4_200)
    page.locator("#code .button--primary").wait_for()
    yield "pay, the till asks"
    page.locator("#code .button--primary").click()
    page.wait_for_url("**/step-up/**")
    yield "pay, confirm"


SENDING_TOURS = (sending, own_rules)
