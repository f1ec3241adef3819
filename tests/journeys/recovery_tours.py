"""Ways by the pages of those who cannot sign in: with a recovery code, through the desk, and of who stops them."""

from __future__ import annotations

import secrets

from django.utils import translation

from accounts.models import Recovery
from accounts.notice_targets import Target
from accounts.recovery_links import link_digest, stop_url
from tests.accounts.recovering import by_the_desk, with_phone
from tests.journeys.customer import AuthenticatorApp, Customer
from tests.journeys.guide import Guide, Tour
from tests.journeys.mailbox import code_in, mail_to
from tests.people import Person, make_customer, wrong_code
from wallet_site.local.backdating import as_owner


def lost_factor(guide: Guide) -> Tour:
    """With the password, a recovery code and the mail; then once more by somebody who can be told nowhere else."""
    person = with_phone(make_customer("mio", language=guide.language))
    somebody = guide.become(None)
    page = guide.page
    yield from guide.goto("/recovery/", "/sign-in/?lost")
    prove_password(somebody, person)
    yield "recovery, code"
    somebody.fill("Recovery code", "ABCD-EFGH-IJKL-MNOP")
    somebody.press("Continue")
    yield "recovery, wrong code"
    somebody.fill("Recovery code", person.recovery_codes[0])
    somebody.press("Continue")
    somebody.is_at("/recovery/mail/")
    yield "recovery, mail"
    somebody.fill("Code from the mail", "00000000")
    somebody.press("Continue")
    yield "recovery, wrong mail code"
    somebody.fill("Code from the mail", mailed_code(person))
    somebody.press("Continue")
    somebody.is_at("/recovery/app/")
    yield "recovery, app"
    app = AuthenticatorApp(somebody.text("#totp-key").replace(" ", ""))
    somebody.fill("Code from the app", wrong_code(person))
    somebody.press("Continue")
    yield "recovery, wrong app code"
    somebody.fill("Code from the app", app.code())
    somebody.press("Continue")
    somebody.is_at("/recovery/codes/")
    yield "recovery, codes"
    page.get_by_role("checkbox").check()
    somebody.press("Use my new second factor")
    somebody.is_at("/sign-in/")
    yield "recovery, done"
    lonely = make_customer("mio", language=guide.language)
    page.goto("/sign-in/?lost")
    prove_password(somebody, lonely)
    somebody.fill("Recovery code", lonely.recovery_codes[0])
    somebody.press("Continue")
    somebody.fill("Code from the mail", mailed_code(lonely))
    somebody.press("Continue")
    somebody.reads_heading("Now a waiting period")
    yield "recovery, waits"


def lost_everything(guide: Guide) -> Tour:
    """Asked for, waited for, the link, the password; and the second wait of who has lost that too."""
    person = make_customer("mio", language=guide.language)
    somebody = guide.become(None)
    page = guide.page
    yield from guide.goto("/recovery/ask/")
    somebody.fill("E-mail address", "nonsense")
    somebody.press("Ask for help")
    yield "recovery, refused address"
    somebody.fill("E-mail address", person.email)
    somebody.press("Ask for help")
    somebody.is_at("/recovery/asked/")
    yield "recovery, asked"
    other = make_customer("mio", language=guide.language)
    recovery = by_the_desk(other)
    page.goto(link_of(recovery))
    somebody.is_at("/recovery/password/")
    yield "recovery, password"
    somebody.fill("Password", "wrong")
    somebody.press("Continue")
    yield "recovery, wrong password"
    somebody.follow("Forgot your password too?")
    somebody.is_at("/recovery/password/forgot/")
    yield "recovery, forgot"
    somebody.press("I have forgotten it: wait 24 hours")
    somebody.reads_heading("Now a waiting period")
    yield "recovery, waits for a password"
    page.goto(link_of(recovery))
    somebody.is_at("/recovery/password/")
    yield "recovery, new password"
    somebody.fill("New password", "password1234")
    somebody.press("Continue")
    yield "recovery, weak password"
    yield from guide.goto("/recovery/link/nonsense/")


def stopping_a_recovery(guide: Guide) -> Tour:
    """The link in every notice, and what somebody sees who is still signed in."""
    person = make_customer("mio", language=guide.language)
    recovery = by_the_desk(person)
    somebody = guide.become(person)
    page = guide.page
    yield from guide.goto("/security/recovery/")
    page.goto("/")
    yield "home while being recovered"
    guide.become(None)
    link = stop_url(recovery, Target("email", person.email))
    yield from guide.goto("/recovery/stop/nonsense/")
    page.goto(link)
    yield "recovery, stop"
    somebody.press("Stop it and freeze the account")
    yield "recovery, stop not ticked"
    page.get_by_role("checkbox").check()
    somebody.press("Stop it and freeze the account")
    somebody.reads_heading("Stopped, and the account is frozen")
    yield "recovery, stopped"
    page.goto(link)
    yield "recovery, stopped already"


def prove_password(somebody: Customer, person: Person) -> None:
    somebody.fill("E-mail address", person.email)
    somebody.fill("Password", person.password)
    somebody.press("Continue")
    somebody.is_at("/recovery/code/")


def mailed_code(person: Person) -> str:
    with translation.override(person.user.language):
        subject = translation.gettext("Your code to set up a new second factor")
    return code_in(mail_to(person.email, subject))


def link_of(recovery: Recovery) -> str:
    """A link as it would be mailed after the wait, which no browser sits out."""
    token = secrets.token_urlsafe(32)
    with as_owner() as connection:
        connection.execute("ALTER TABLE accounts_recovery DISABLE TRIGGER keeps_its_steps")
        connection.execute(
            "UPDATE accounts_recovery SET state = 'ready', link_digest = %s, expires_at = now() + interval '1 day'"
            " WHERE id = %s",
            [link_digest(token), recovery.pk],
        )
        connection.execute("ALTER TABLE accounts_recovery ENABLE TRIGGER keeps_its_steps")
    return f"/recovery/link/{token}/"


RECOVERY_TOURS = (lost_factor, lost_everything, stopping_a_recovery)
