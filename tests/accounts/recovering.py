"""Walking recoveries in tests: the proofs by page, the desk's two, and letting the database's clock run."""

from __future__ import annotations

import re

import psycopg
from django.test import Client
from django.urls import reverse

from accounts.actions.recoveries import clock
from accounts.models import Recovery, TotpDevice, User
from accounts.two_factor.codes import check_code
from support.actions.approvals import approve
from support.actions.recoveries import start_recovery
from tests.accounts.mails import code_in, link_in, mails_to
from tests.people import Person, anonymous_client, totp_code
from tests.support.desk import agent, supervisor
from wallet_site.errors import Problem
from wallet_site.outbox.models import Delivery
from wallet_site.transactions import recorded

SIGN_IN = reverse("accounts:sign_in")
CODE, MAIL = reverse("accounts:recovery_code"), reverse("accounts:recovery_mail")
APP, CODES = reverse("accounts:recovery_app"), reverse("accounts:recovery_codes_saved")
PASSWORD_PAGE = reverse("accounts:recovery_password")


def with_phone(person: Person, number: str = "+819011112222") -> Person:
    """Somebody who can be told in two places."""
    with recorded(person.actor):
        User.objects.filter(pk=person.user.pk).update(phone=number)
    person.user.refresh_from_db()
    return person


def past_the_password(person: Person, client: Client | None = None) -> Client:
    """A browser in which the password is proven and the page for the recovery code is open."""
    browser = client or anonymous_client()
    answer = browser.post(
        f"{SIGN_IN}?lost",
        {
            "sign_in_view-current_step": "auth",
            "auth-email": person.email,
            "auth-password": person.password,
        },
    )
    assert answer["Location"] == CODE, answer.content
    return browser


def past_the_recovery_code(person: Person) -> Client:
    """Both what somebody knows and what they have kept are proven; the code is in the mail."""
    browser = past_the_password(person)
    answer = browser.post(CODE, {"code": person.recovery_codes.pop(0)})
    assert answer["Location"] == MAIL, answer.content
    return browser


def mailed_code(person: Person) -> str:
    """The code of the newest mail of this kind."""
    found = [
        one for one in mails_to(person.email) if re.search(r"^\s+[0-9]{8}$", str(one.body), re.MULTILINE)
    ]
    return code_in(found[-1])


def seed_on(browser: Client) -> str:
    """The key that the page shows for typing."""
    shown = re.search(r'id="totp-key">([A-Z2-7 ]+)<', browser.get(APP).content.decode())
    assert shown
    return shown.group(1).replace(" ", "")


def set_up(browser: Client) -> tuple[str, list[str]]:
    """The last two pages: the new app's seed and the new recovery codes."""
    seed = seed_on(browser)
    answer = browser.post(APP, {"code": totp_code(seed)})
    assert answer["Location"] == CODES, answer.content
    codes = re.findall(r"\b(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}\b", browser.get(CODES).content.decode())
    done = browser.post(CODES, {"saved": "on"})
    assert done["Location"] == SIGN_IN, done.content
    return seed, list(dict.fromkeys(codes))


def opens_with(person: Person, code: str) -> bool:
    """Whether this code is a second factor of the person's now."""
    TotpDevice.objects.filter(user=person.user).update(last_step=-1)
    try:
        check_code(person.user, code, actor=person.actor)
    except Problem:
        return False
    return True


def let_pass(owner: psycopg.Connection, recovery: Recovery, *, hours: float) -> Recovery:
    """As if these hours had passed since everything that has happened to this recovery so far."""
    with owner.transaction():
        owner.execute("ALTER TABLE accounts_recovery DISABLE TRIGGER keeps_its_steps")
        owner.execute(
            "UPDATE accounts_recovery SET changed_at = changed_at - make_interval(secs => %(s)s),"
            " waits_until = waits_until - make_interval(secs => %(s)s),"
            " expires_at = expires_at - make_interval(secs => %(s)s) WHERE id = %(id)s",
            {"s": hours * 3600, "id": recovery.pk},
        )
        owner.execute("ALTER TABLE accounts_recovery ENABLE TRIGGER keeps_its_steps")
        owner.execute(
            "UPDATE outbox_delivery d SET sent_at = d.sent_at - make_interval(secs => %s) FROM outbox_event e"
            " WHERE e.id = d.event_id AND e.key LIKE %s",
            [hours * 3600, f"recovery-told:{recovery.pk}:%"],
        )
    recovery.refresh_from_db()
    return recovery


def opened_long_ago(owner: psycopg.Connection, person: Person) -> None:
    """What belongs to the opening of an account is no change; here the opening was a year ago."""
    with owner.transaction():
        owner.execute("ALTER TABLE accounts_user DISABLE TRIGGER number_customer")
        owner.execute(
            "UPDATE accounts_user SET created_at = created_at - interval '1 year' WHERE id = %s",
            [person.user.pk],
        )
        owner.execute("ALTER TABLE accounts_user ENABLE TRIGGER number_customer")


def by_the_desk(person: Person) -> Recovery:
    """Begun by one member of staff and agreed to by another: the wait has begun."""
    asked = start_recovery(person.user, reason="lost the phone on a journey", actor=agent().actor)
    approve(asked, reason="called back", actor=supervisor().actor)
    return Recovery.objects.get(pk=asked.subject_id)


def wait_out(owner: psycopg.Connection, person: Person, recovery: Recovery) -> Recovery:
    """The whole wait, told round after round, until the link is in the mail."""
    rounds = 3 if recovery.way == Recovery.Way.DESK and not recovery.password_lost else 1
    for _round in range(rounds):
        mails_to(person.email)
        let_pass(owner, recovery, hours=24.01)
        clock.mind_recoveries()
    recovery.refresh_from_db()
    return recovery


def mailed_link(person: Person) -> str:
    """The newest link that goes on."""
    found = [one for one in mails_to(person.email) if "/recovery/link/" in str(one.body)]
    assert found
    return link_in(found[-1], "/recovery/link/")


def stop_links(address: str) -> list[str]:
    """Every stop link that this address was sent."""
    found = [one for one in mails_to(address) if "/recovery/stop/" in str(one.body)]
    return [link_in(one, "/recovery/stop/") for one in found]


def deliveries_of(recovery: Recovery) -> list[Delivery]:
    """Everything that was told of this recovery, to anybody."""
    return list(
        Delivery.objects.filter(event__key__startswith=f"recovery-told:{recovery.pk}:").order_by("pk")
    )
