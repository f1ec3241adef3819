"""Ways through the portal that together come by every page, in every state that looks different.

Each tour walks on whenever its caller asks for the next page and says the name of the one it stands on.
"""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings
from django.utils import translation

from accounts.models import CredentialChange, SignIn, SignInAttempt, TotpDevice, User
from accounts.undo_links import sign_in_undo_url, undo_url
from payments.models import Card, Journal, JournalKind, Statement, TopUp
from tests.authenticator import with_passkey
from tests.journeys.books_tours import books
from tests.journeys.contact_tours import contacts, locking
from tests.journeys.customer import AuthenticatorApp
from tests.journeys.dispute_tours import DISPUTE_TOURS
from tests.journeys.guide import Guide, Tour, demo_person
from tests.journeys.leaving_tours import LEAVING_TOURS
from tests.journeys.mailbox import mail_to
from tests.journeys.recovery_tours import RECOVERY_TOURS
from tests.journeys.sending_tours import SENDING_TOURS
from tests.journeys.staff_tours import demo, desk, failures, own_factors
from tests.payments.books import open_counter
from tests.payments.processors.harness import CHALLENGES
from tests.people import PASSWORD, fresh_email, make_customer, session_key_for, wrong_code
from tests.support.desk import stop
from tests.till import Till
from wallet_site.actor import Actor
from wallet_site.transactions import recorded


def signing_up(guide: Guide) -> Tour:
    somebody = guide.become(None)
    page = guide.page
    email = fresh_email("hana")
    yield from guide.goto("/sign-up/")
    somebody.fill("E-mail address", "nonsense")
    somebody.press("Send the code")
    yield "sign-up, refused address"
    somebody.fill("E-mail address", email)
    somebody.press("Send the code")
    somebody.is_at("/sign-up/code/")
    yield "sign-up, code"
    somebody.fill("Code from the mail", "00000000")
    somebody.press("Continue")
    yield "sign-up, wrong code"
    mail = mail_to(email, somebody.say("Your code to sign up"))
    page.goto(f"/demo/mail/{quote(email)}/{mail.name}/")
    yield "demo, a mail with a code"
    page.goto("/sign-up/code/")
    somebody.fill("Code from the mail", code_of(mail.text))
    somebody.press("Continue")
    somebody.is_at("/sign-up/about/")
    yield "sign-up, about"
    somebody.fill("Your name", "加藤 花")
    somebody.fill("New password", "password1234")
    somebody.press("Continue")
    yield "sign-up, weak password"
    somebody.fill("New password", PASSWORD)
    somebody.press("Continue")
    somebody.is_at("/sign-up/factor/")
    yield "sign-up, second factor"
    somebody.follow("Use an authenticator app")
    somebody.is_at("/sign-up/app/")
    yield "sign-up, app"
    app = AuthenticatorApp(somebody.text("#totp-key").replace(" ", ""))
    somebody.fill("Code from the app", app.code())
    somebody.press("Continue")
    somebody.is_at("/sign-up/codes/")
    yield "sign-up, recovery codes"
    page.get_by_role("checkbox").check()
    somebody.press("Open my wallet")
    somebody.is_at("/")
    yield "home, just opened"


def code_of(text: str) -> str:
    return next(line.strip() for line in text.splitlines() if line.strip().isdigit())


def signing_in(guide: Guide) -> Tour:
    person, stopped = make_customer("aya"), make_customer("ken")
    stop(stopped, "all")
    somebody = guide.become(None)
    somebody.email, somebody.password = person.email, "not the password"
    yield from guide.goto("/sign-in/")
    somebody.fill("E-mail address", person.email)
    somebody.fill("Password", "not the password")
    somebody.press("Continue")
    yield "sign-in, refused"
    somebody.password = person.password
    somebody.prove_password()
    yield "sign-in, second factor"
    somebody.fill("Code from the app", wrong_code(person))
    somebody.press("Sign in")
    yield "sign-in, wrong code"
    somebody.press("Use a recovery code")
    yield "sign-in, recovery code"
    with_passkey(person)
    somebody.press("Back to the other ways")
    yield "sign-in, passkey or code"
    somebody.email, somebody.password = stopped.email, stopped.password
    somebody.prove_password()
    somebody.fill("Code from the app", AuthenticatorApp(stopped.seed).code())
    somebody.press("Sign in")
    yield "sign-in, stopped"
    yield from guide.goto("/reset/")
    somebody.fill("E-mail address", person.email)
    guide.page.locator("main form button.button--primary").click()
    somebody.is_at("/reset/sent/")
    yield "reset, sent"
    with translation.override(person.user.language):
        subject = translation.gettext("Choose a new password")
    mail = mail_to(person.email, subject)
    link = next(word for word in mail.text.split() if "/reset/link/" in word)
    guide.page.goto(link)
    somebody.is_at("/reset/new-password/")
    yield "reset, new password with a passkey"
    guide.page.goto("/reset/new-password/?recovery")
    yield "reset, new password with a recovery code"
    guide.page.goto("/reset/link/nonsense/")
    yield "reset, link over"


def undoing(guide: Guide) -> Tour:
    mio = make_customer("mio", language=guide.language)
    with recorded(Actor(kind="customer", network="203.0.113.9", device="Firefox on Linux")):
        User.objects.filter(pk=mio.user.pk).update(email=fresh_email("thief"))
    change = CredentialChange.objects.filter(user=mio.user, kind="email_changed").latest("pk")
    somebody = guide.become(None)
    yield from guide.goto("/undo/nonsense/")
    guide.page.goto(undo_url(change, mio.email))
    yield "undo, ask"
    somebody.press("Stop the account and undo this")
    yield "undo, not ticked"
    guide.page.get_by_role("checkbox").check()
    somebody.press("Stop the account and undo this")
    somebody.reads_heading("The account is stopped")
    yield "undo, done"
    guide.page.goto(undo_url(change, mio.email))
    yield "undo, again"
    ken = make_customer("mio", language=guide.language)
    session_key_for(ken)
    browser = SignIn.objects.get(user=ken.user)
    link = sign_in_undo_url(browser, ken.email, at=browser.started_at)
    guide.page.goto(link)
    yield "sign-in, was it you"
    guide.page.get_by_role("checkbox").check()
    somebody.press("Stop the account")
    somebody.reads_heading("The account is stopped")
    yield "sign-in, reported"
    guide.page.goto(link)
    yield "sign-in, reported again"


def wallet(guide: Guide) -> Tour:
    """Somebody with half a year of money."""
    person = demo_person("aya@example.com")
    somebody = guide.become(person)
    yield from guide.goto("/", "/activity/")
    for kind in (JournalKind.PAYMENT, JournalKind.REFUND, JournalKind.TOP_UP, JournalKind.SEND):
        journal = Journal.objects.filter(kind=kind, entries__account__owner=person.user).latest("pk")
        yield from guide.goto(f"/activity/{journal.pk}/")
    month = Statement.objects.filter(account__owner=person.user).latest("month").month
    yield from guide.goto("/statements/", f"/statements/{month:%Y-%m}/")
    card = Card.objects.get(user=person.user)
    yield from guide.goto(
        "/cards/", f"/cards/{card.public_id}/remove/", "/cards/link/", "/top-up/?amount=3000"
    )
    somebody.press("Continue")
    somebody.reads_heading("Check and top up")
    yield "top-up, confirm"
    guide.page.goto("/top-up/?amount=90000000")
    somebody.press("Continue")
    yield "top-up, too much"
    topped = TopUp.objects.filter(user=person.user).latest("pk")
    yield from guide.goto(f"/top-up/{topped.public_id}/")
    digits = somebody.show_code()
    yield "pay"
    taken = Till(open_counter(), url=guide.portal.url).take(digits, 120)
    assert taken.json()["approved"], taken.content
    guide.page.locator("#code .success").wait_for()
    yield "pay, paid"
    digits = somebody.show_code()
    Till(open_counter(), url=guide.portal.url).take(digits, 900_000)
    guide.page.locator("#pay-watch .banner--danger").wait_for()
    yield "pay, declined"
    yield from guide.goto("/restricted/", "/nowhere/", "/activity/1/")


def security(guide: Guide) -> Tour:
    person = make_customer("mio", language=guide.language)
    device = TotpDevice.objects.get(user=person.user)
    spare = TotpDevice.objects.create(user=person.user, name="iPad", confirmed=True, seed=person.seed)
    passkey, _device = with_passkey(person, name="iPhone")
    for number, result in enumerate(("wrong_password", "wrong_factor", "too_many") * 9):
        SignInAttempt.objects.create(
            user=person.user,
            result=result,
            channel="browser",
            device="Firefox on Linux",
            network=f"198.51.100.{number}",
        )
    somebody = guide.become(person)
    yield from guide.goto(
        "/security/", "/security/devices/", "/security/sign-ins/", "/security/password/", "/security/email/",
        "/security/apps/add/",
        "/security/passkeys/add/", f"/security/factors/{passkey.public_id}/remove/",
        f"/security/factors/{passkey.public_id}/name/", f"/security/factors/{device.public_id}/remove/",
        "/security/recovery-codes/", "/preferences/", "/preferences/notices/", "/step-up/",
        "/step-up/?recovery",
    )  # fmt: skip
    guide.page.goto("/security/password/")
    somebody.fill("Current password", "wrong")
    somebody.fill("New password", "short")
    somebody.press("Change the password")
    yield "password, refused"
    guide.page.goto("/security/recovery-codes/")
    guide.page.locator("main form button.button--primary").click()
    guide.page.locator(".codes").wait_for()
    yield "recovery codes, shown"
    guide.page.goto("/security/email/")
    somebody.fill("New e-mail address", fresh_email("mio.new"))
    somebody.press("Send the code")
    somebody.is_at("/security/email/confirm/")
    yield "e-mail, confirm"
    yield from guide.goto("/security/")
    TotpDevice.objects.filter(pk=spare.pk).delete()
    passkey.delete()
    guide.become(person)
    yield from guide.goto("/security/", f"/security/factors/{device.public_id}/remove/")


def newcomer(guide: Guide) -> Tour:
    """Somebody without money and cards, who then links one at the processor's pages."""
    person = make_customer("mio", language=guide.language)
    somebody = guide.become(person)
    page = guide.page
    yield from guide.goto("/", "/activity/", "/statements/", "/cards/", "/top-up/", "/pay/", "/cards/link/")
    somebody.press("Go on to the card page")
    page.wait_for_url(f"{settings.SANDBOX_URL}/setup/**")
    setup = page.url
    yield "processor, card"
    page.locator("button.primary").click()
    yield "processor, card refused"
    page.locator(".cards a", has_text=f"{CHALLENGES[:4]} {CHALLENGES[4:8]}").click()
    page.locator("button.primary").click()
    page.locator("#demo-code").wait_for()
    yield "processor, 3-D Secure"
    code = somebody.text("#demo-code")
    page.locator("#code").fill("000000" if code != "000000" else "111111")
    page.locator("button[value=approve]").click()
    yield "processor, wrong code"
    page.locator("#code").fill(code)
    page.locator("button[value=approve]").click()
    somebody.reads_heading("Your card is linked")
    yield "card linked"
    page.goto(setup)
    yield "processor, finished"
    page.goto(f"{settings.SANDBOX_URL}/setup/nonsense")
    yield "processor, missing"
    page.goto("/top-up/?amount=2000")
    somebody.press("Continue")
    page.locator("button[name=confirmed]").click()
    page.wait_for_url(f"{settings.SANDBOX_URL}/pay/**")
    yield "processor, payment"
    page.locator(".leave a").click()
    page.locator(".banner--warning a").wait_for()
    yield "top-up, the bank asks"
    somebody.press("Do not top up")
    yield "top-up, given up"
    page.goto("/cards/link/")
    somebody.press("Go on to the card page")
    page.wait_for_url(f"{settings.SANDBOX_URL}/setup/**")
    page.locator(".leave a").click()
    yield "card not linked"
    stop(person, "spending")
    yield from guide.goto("/", "/restricted/", "/security/", "/pay/")
    page.locator("#code [role=alert]").wait_for()
    yield "pay, stopped"
    page.goto("/restricted/")
    somebody.press("Send")
    yield "appeal, empty"


TOURS = (
    *(signing_up, signing_in, undoing, locking, wallet, security, contacts, newcomer),
    *(desk, own_factors, books, demo, failures),
    *RECOVERY_TOURS,
    *LEAVING_TOURS,
    *DISPUTE_TOURS,
    *SENDING_TOURS,
)
