"""Every link that we send, and what anybody can do to one: cut, lengthened, bent, another kind's, used, too old.

A link that stands for nothing gets a calm page with the same answer for all of them, and does nothing. One that was
used does nothing new. Whose it was is told to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.actions.resets import ask_reset
from accounts.models import (
    AccountReport,
    ChangeUndo,
    CredentialChange,
    PasswordReset,
    Recovery,
    RecoveryStop,
    SignIn,
    Suspension,
    User,
)
from accounts.undo_links import sign_in_undo_url, undo_url
from tests.accounts.actions.test_races import stranger
from tests.accounts.mails import last_mail_to, link_in
from tests.accounts.recovering import by_the_desk, stop_links, with_phone
from tests.people import Person, anonymous_client, make_customer, session_key_for, totp_now
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


@dataclass(frozen=True)
class Link:
    """A live link: its path, what its button sends, and how long it lives."""

    path: str
    form: dict[str, str]
    lives: timedelta

    @property
    def token(self) -> str:
        return self.path.rstrip("/").rpartition("/")[2]

    def with_token(self, token: str) -> str:
        return self.path.replace(self.token, token)


def undo(person: Person) -> Link:
    with recorded(person.actor):
        User.objects.filter(pk=person.user.pk).update(phone="+819055556666")
    change = CredentialChange.objects.filter(user=person.user).latest("pk")
    return Link(path_of(undo_url(change, person.email)), {"not_me": "on"}, timedelta(days=7))


def sign_in_report(person: Person) -> Link:
    session_key_for(person)
    browser = SignIn.objects.filter(user=person.user).latest("pk")
    url = sign_in_undo_url(browser, person.email, at=browser.started_at)
    return Link(path_of(url), {"not_me": "on"}, timedelta(days=7))


def recovery_stop(person: Person) -> Link:
    by_the_desk(with_phone(person))
    return Link(stop_links(person.email)[-1], {"not_me": "on"}, timedelta(days=30))


def reset(person: Person) -> Link:
    ask_reset(person.email, actor=stranger())
    form = {"code": totp_now(person), "new_password": "lanterns upon a bridge"}
    return Link(link_in(last_mail_to(person.email), "/reset/link/"), form, timedelta(minutes=15))


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


KINDS = [undo, sign_in_report, recovery_stop, reset]


def done_to(person: Person) -> list[int]:
    """How often anything that a link can do was done."""
    user = person.user
    return [
        ChangeUndo.objects.filter(user=user).count(),
        AccountReport.objects.filter(user=user).count(),
        RecoveryStop.objects.filter(user=user).count(),
        Suspension.objects.filter(user=user).count(),
        CredentialChange.objects.filter(user=user, kind="password_changed").count(),
        PasswordReset.objects.filter(user=user).exclude(used_at=None).count(),
        SignIn.objects.filter(user=user).exclude(ended_at=None).count(),
        Recovery.objects.filter(user=user, state="stopped").count(),
    ]


def bent(link: Link, others: list[Link]) -> Iterator[tuple[str, str]]:
    """Paths that look like the link's and are not, each with what was done to it."""
    token = link.token
    yield "cut", link.with_token(token[:-1])
    yield "cut in half", link.with_token(token[: len(token) // 2])
    yield "lengthened", link.with_token(token + "A")
    yield "one sign changed", link.with_token(token[:5] + ("A" if token[5] != "A" else "B") + token[6:])
    yield "in capitals", link.with_token(token.swapcase())
    yield "nonsense", link.with_token("nonsense")
    yield "signs of no alphabet", link.with_token("％００..%2e%2e%00")
    for other in others:
        yield "another kind's", link.with_token(other.token)


def press(client: Client, path: str, form: dict[str, str]) -> tuple[int, str]:
    """What a browser gets that follows a link and presses its button: status and page, without the form's own token."""
    first = client.get(path, follow=True)
    where = first.redirect_chain[-1][0] if first.redirect_chain else path
    answer = client.post(where, form, follow=True)
    return answer.status_code, " ".join(answer.content.decode().split("<main", 1)[-1].split())


@pytest.mark.requirement(21, 28)
@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.__name__)
def test_a_link_that_stands_for_nothing_does_nothing_and_tells_nothing(
    kind: Callable[[Person], Link],
) -> None:
    aya, ken = make_customer("mio"), make_customer("ken")
    link = kind(aya)
    others = [other(ken) for other in KINDS if other is not kind]
    before = done_to(aya), done_to(ken)
    answers = {what: press(anonymous_client(), path, link.form) for what, path in bent(link, others)}
    with time_machine.travel(timezone.now() + link.lives + timedelta(seconds=1), tick=False):
        if kind is not recovery_stop:  # A stop link works as long as there is something to stop.
            answers["too old"] = press(anonymous_client(), link.path, link.form)
    assert {status for status, _page in answers.values()} == {410}, {
        what: status for what, (status, _page) in answers.items()
    }
    assert len({page for _status, page in answers.values()}) == 1, "the answer tells them apart"
    assert (done_to(aya), done_to(ken)) == before


@pytest.mark.requirement(21, 28)
@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.__name__)
def test_looking_does_nothing_and_a_used_link_nothing_new(kind: Callable[[Person], Link]) -> None:
    aya = make_customer("mio")
    link = kind(aya)
    before = done_to(aya)
    for _look in range(2):
        assert anonymous_client().get(link.path, follow=True).status_code == 200
    assert done_to(aya) == before
    assert press(anonymous_client(), link.path, link.form)[0] == 200
    done = done_to(aya)
    assert done != before
    status, page = press(anonymous_client(), link.path, link.form)
    assert status in (200, 410)
    assert done_to(aya) == done
    assert aya.email not in page
