"""The main job, end to end: one customer's first days, in a real browser, with a real worker and real mail.

Twice: on a desktop in English and on a phone in Japanese.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext
from playwright.sync_api import Page, expect

from accounts.addresses import mask_email
from accounts.models import ChangeUndo, SignIn, Suspension, User
from payments.models import Account, Card
from support.models import Case
from tests.browser import DESKTOP, PHONE
from tests.journeys.customer import Customer
from tests.journeys.desk import Staff
from tests.journeys.mailbox import mail_to, undo_link_in
from tests.payments.books import Counter, open_counter
from tests.people import USER_AGENT, fresh_email, half_signed_in_client, make_staff
from tests.processes import Portal
from tests.support.desk import every_page
from tests.till import Till
from wallet_site.local.mail import StoredMail

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("worker", "new_cards"),
]

PHONES_USER_AGENT = USER_AGENT.replace("Windows NT 10.0; Win64; x64", "Linux; Android 15").replace(
    " Safari", " Mobile Safari"
)
VARIANTS = [
    pytest.param(
        "en",
        {"viewport": DESKTOP, "locale": "en-GB", "user_agent": USER_AGENT},
        id="desktop in English",
    ),
    pytest.param(
        "ja",
        {
            "viewport": PHONE,
            "locale": "ja-JP",
            "color_scheme": "dark",
            "is_mobile": True,
            "has_touch": True,
            "user_agent": PHONES_USER_AGENT,
        },
        id="phone in Japanese",
    ),
]
DEVICES = {"en": "Chrome on Windows", "ja": "Chrome Mobile on Android"}
WHAT_HAPPENED = {
    "ja": "7月3日に、お客様のウォレットを誤って停止いたしました。",
    "en": "On 3 July we stopped your wallet by mistake.",
}
Visitors = Callable[..., Page]


@pytest.mark.parametrize(("language", "look"), VARIANTS)
def test_from_signing_up_to_the_apology(
    visitor: Visitors, live_portal: Portal, language: str, look: dict[str, object]
) -> None:
    customer = Customer(
        visitor(**look),
        language,
        name=f"Hana {secrets.token_hex(4).title()}",
        email=fresh_email("hana"),
        password="nine lanterns over the water",
    )

    # 1. Sign up, and in again.
    customer.sign_up()
    assert len(set(customer.recovery_codes)) == 10
    recovery_codes_are_shown_once(customer)
    customer.sign_out()
    customer.page.goto("/")
    customer.is_at("/sign-in/")
    customer.sign_in()

    # 2. Money in, money out.
    customer.link_card()
    assert_no_card_number_is_kept(customer)
    customer.top_up(3_000)
    counter = open_counter()
    pay_842_at_the_till(customer, counter, live_portal)
    assert balance_of(customer) == 3_000 - 842

    # 3. Everything that opens the wallet changes, and everybody is told.
    old, new = customer.email, fresh_email("hana.new")
    customer.change_email(new)
    told = [both_addresses_are_told(customer, "Your e-mail address was changed", old, new)]
    assert mask_email(old) in told[0].text
    assert mask_email(new) in told[0].text
    customer.change_password("nine lanterns under the bridge")
    told += [both_addresses_are_told(customer, "Your password was changed", old, new)]
    customer.add_app("Tablet")
    told += [both_addresses_are_told(customer, "An authenticator app was added to your account", old, new)]
    customer.remove_app("Tablet")
    told += [
        both_addresses_are_told(customer, "An authenticator app was removed from your account", old, new)
    ]
    assert len({undo_link_in(mail) for mail in told}) == 4
    undo_from_the_old_address(visitor(**look), customer, undo_link_in(told[0]), old=old, new=new)
    customer.follow("Security")
    customer.is_at("/sign-in/")
    customer.email = old
    both_addresses_are_told(
        customer, "A change of your account was undone and your account is stopped", old, new, undo=False
    )

    # 4. Support.
    nobody_without_a_factor_sees_the_desk(visitor(**look), language, live_portal)
    agent = Staff(visitor(**look), language, make_staff("rin", groups=["agent"], language=language))
    boss = Staff(visitor(**look), language, make_staff("sota", groups=["supervisor"], language=language))
    agent.sign_in()
    boss.sign_in()
    the_desk_finds_and_reads(agent, customer, counter, former=new)
    lift(agent, boss, customer)
    customer.sign_in_by_recovery_code()

    customer.page.goto("/pay/")
    expect(customer.page.locator(".code__digits")).to_be_visible()
    agent.find(customer.email, name=customer.name)
    agent.stop("spending", reason="A till was robbed")
    customer.press("New code")
    expect(customer.page.locator("#code [role=alert]")).to_be_visible()
    customer.follow("Home")
    customer.sees("Some functions of your wallet are stopped")
    lift(agent, boss, customer)
    customer.show_code()
    expect(customer.page.locator(".banner--danger")).to_have_count(0)

    letter_language = "ja" if language == "en" else "en"
    agent.find(customer.email, name=customer.name)
    agent.apologise(letter_language, what_happened=WHAT_HAPPENED[letter_language])
    with translation.override(letter_language):
        letter = mail_to(old, gettext("Our apology, and what we have done"))
    assert WHAT_HAPPENED[letter_language] in letter.text
    agent.find(customer.email, name=customer.name)
    agent.sees("Wrote a letter of apology")
    notice = agent.say("Notice: %(what)s", what=agent.say("Letter of apology"))
    expect(agent.page.locator("#timeline li", has_text=notice)).to_contain_text(agent.say("Sent"))


def recovery_codes_are_shown_once(customer: Customer) -> None:
    """Neither the page's address nor the way back shows them again."""
    customer.page.goto("/sign-up/codes/")
    assert not set(customer.recovery_codes) & set(customer.page.locator("code").all_inner_texts())
    customer.page.goto("/")


def assert_no_card_number_is_kept(customer: Customer) -> None:
    card = Card.objects.get(user=user_of(customer))
    kept = " ".join(str(getattr(card, one.attname)) for one in Card._meta.concrete_fields)
    assert card.last_four == "4242"
    assert "4242424242424242" not in kept


def pay_842_at_the_till(customer: Customer, counter: Counter, portal: Portal) -> None:
    """The store takes the code through the terminals' API; the customer's page shows it without being loaded anew."""
    digits = customer.show_code()
    customer.page.evaluate("window.neverLoadedAnew = true")
    answer = Till(counter, url=portal.url).take(digits, 842)
    assert answer.status == 201
    assert answer.json()["approved"] is True
    customer.sees_payment_arrive(842, str(counter.terminal.store))
    assert customer.page.evaluate("window.neverLoadedAnew") is True
    assert Till(counter, url=portal.url).take(digits, 842).json().get("approved") is not True


def both_addresses_are_told(
    customer: Customer, subject: str, old: str, new: str, *, undo: bool = True
) -> StoredMail:
    """What, when and from where, in the customer's language, and each with a link of its own. The old one's mail."""
    first, second = (mail_to(address, customer.say(subject)) for address in (old, new))
    for mail in (first, second):
        assert any(f"{customer.say('When')}: {day}" in mail.text for day in last_days(customer.language))
        assert f"{customer.say('From where')}: {DEVICES[customer.language]}" in mail.text
        assert settings.SUPPORT_PHONE in mail.text
        assert ("/undo/" in mail.text) is undo
    if undo:
        assert undo_link_in(first) != undo_link_in(second)
    return first


def last_days(language: str) -> list[str]:
    """Today, and yesterday for a journey over midnight."""
    now = timezone.localtime()
    with translation.override(language):
        return [date_format(day, "DATE_FORMAT") for day in (now, now - timedelta(minutes=5))]


def undo_from_the_old_address(page: Page, customer: Customer, link: str, *, old: str, new: str) -> None:
    """In a browser that never signed in. Looking changes nothing; the button freezes, restores and opens a case."""
    owner = Customer(page, customer.language)
    page.goto(link)
    owner.reads_heading("Was this not you?")
    page.reload()
    user = user_of(customer)
    assert user.email == new
    assert not Suspension.objects.filter(user=user).exists()
    assert not ChangeUndo.objects.filter(user=user).exists()
    assert SignIn.objects.filter(user=user, ended_at=None).count() == 1

    page.get_by_role("checkbox").check()
    owner.press("Stop the account and undo this")
    owner.reads_heading("The account is stopped")
    user.refresh_from_db()
    assert user.email == old
    assert Suspension.objects.get(user=user, lifted_at=None).scope == Suspension.Scope.ALL
    assert Case.objects.get(customer=user).queue == Case.Queue.UNDO_LINK_USED
    page.goto("/")
    owner.is_at("/sign-in/")


def nobody_without_a_factor_sees_the_desk(page: Page, language: str, portal: Portal) -> None:
    """Neither between the two steps of signing in, nor with a forged session that knows only the password."""
    halfway = Staff(page, language, make_staff("rin", groups=["supervisor"], language=language))
    halfway.prove_password()
    page.goto("/admin/customers/")
    halfway.is_at("/sign-in/")
    forged = half_signed_in_client(make_staff("rin", factor=False, superuser=True))
    session = forged.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.clear_cookies()
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": portal.url}])
    for path in every_page():
        answer = page.request.get(path, max_redirects=0)
        assert (answer.status, urlsplit(answer.headers["location"]).path) == (302, "/sign-in/"), path


def the_desk_finds_and_reads(agent: Staff, customer: Customer, counter: Counter, *, former: str) -> None:
    """By name, number, and every address the customer ever had; then one timeline of everything."""
    user = user_of(customer)
    for what in (customer.name, user.customer_number or "", former, customer.email):
        agent.find(what, name=customer.name)
    told = agent.timeline()
    store = counter.terminal.store.name
    assert store in told
    for happened in (
        "Signed in",
        "E-mail address changed",
        "Password changed",
        "Authenticator app added",
        "Authenticator app removed",
        "Welcome",
        "Receipt of a payment",
        "Receipt of a top-up",
        "Stopped: %(what)s",
        "A change was undone",
    ):
        assert agent.say(happened).replace("%(what)s", "") in told, happened
    for amount in ("+¥3,000", "−¥842"):
        assert amount in told


def lift(agent: Staff, boss: Staff, customer: Customer) -> None:
    """The one asks, the other approves; until then the stop holds."""
    agent.find(customer.email, name=customer.name)
    agent.ask_to_lift(reason="Called back on the number on file")
    assert Suspension.objects.filter(user=user_of(customer), lifted_at=None).exists()
    boss.approve(customer.name, reason="Heard the call")
    assert not Suspension.objects.filter(user=user_of(customer), lifted_at=None).exists()


def user_of(customer: Customer) -> User:
    return User.objects.get(full_name=customer.name)


def balance_of(customer: Customer) -> int:
    return Account.objects.get(owner=user_of(customer), kind="wallet").balance
