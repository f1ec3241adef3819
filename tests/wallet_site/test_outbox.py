"""Whoever is owed a notice gets it: once where possible, late where not, lost never."""

from __future__ import annotations

import smtplib
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone
from kombu.exceptions import OperationalError

from wallet_site.actor import Actor
from wallet_site.outbox import channels, owing, registry, relay, tasks
from wallet_site.outbox.models import Delivery, Event
from wallet_site.outbox.registry import Message, Recipient
from wallet_site.transactions import recorded

ROBOT = Actor.system("test")
TOPIC = "test:letter:owed"


class Letter:
    """Tells whom the payload names."""

    def recipients(self, event: Event) -> list[Recipient]:
        if event.payload.get("gone"):
            raise LookupError("the thing is gone")
        return [Recipient(address=address, language="en") for address in event.payload["to"]]

    def message(self, event: Event, recipient: Recipient) -> Message:
        if event.payload.get("broken"):
            raise ZeroDivisionError("a bug in the words")
        return Message(subject="Hello", text=f"to {recipient.address}")


@pytest.fixture(autouse=True)
def letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._NOTICES, TOPIC, Letter())


def addresses(count: int) -> list[str]:
    return [f"{uuid.uuid4().hex}@example.com" for _n in range(count)]


def owed(to: list[str], *, key: str | None = None, priority: str = "ordinary", **payload: Any) -> Event:
    key = key or uuid.uuid4().hex
    owing.owe(TOPIC, key=key, payload={"to": to, **payload}, priority=priority)
    return Event.objects.get(key=key)


def states(event: Event) -> list[str]:
    return list(event.deliveries.order_by("pk").values_list("state", flat=True))


def mails_to(address: str) -> list[mail.EmailMessage]:
    return [one for one in mail.outbox if one.to == [address]]


@pytest.mark.django_db
def test_every_recipient_gets_one_mail_of_their_own() -> None:
    to = addresses(3)
    event = owed(to)
    relay.relay("ordinary")
    assert states(event) == ["sent"] * 3
    assert [len(mails_to(address)) for address in to] == [1, 1, 1]
    relay.relay("ordinary")
    assert [len(mails_to(address)) for address in to] == [1, 1, 1]


@pytest.mark.django_db
def test_owing_twice_is_owing_once() -> None:
    to = addresses(1)
    first = owed(to)
    again = owed(to, key=first.key)
    assert again.pk == first.pk
    relay.relay("ordinary")
    assert len(mails_to(to[0])) == 1


@pytest.mark.django_db
def test_an_unknown_topic_is_refused_at_once() -> None:
    with pytest.raises(LookupError):
        owing.owe("test:nothing:known", key="x", payload={})
    assert not Event.objects.filter(key="x").exists()


class Moody:
    """A mail server that refuses some addresses, or everything."""

    def __init__(self, refusals: dict[str, Exception]) -> None:
        self.refusals = refusals
        self.taken: list[str] = []

    def send(self, to: Recipient, message: Message, *, message_id: str) -> None:
        if to.address in self.refusals:
            raise self.refusals[to.address]
        self.taken.append(to.address)


@pytest.mark.django_db
def test_one_address_refused_the_other_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad, later = addresses(3)
    server = Moody({bad: channels.Refused("550 no such user"), later: channels.ChannelDown("451 later")})
    monkeypatch.setitem(channels.channels(), "email", server)
    event = owed([good, bad, later])
    relay.relay("ordinary")
    by_address = {one.address: one for one in event.deliveries.all()}
    assert by_address[good].state == "sent"
    assert (by_address[bad].state, by_address[bad].last_error) == ("failed", "550 no such user")
    assert (by_address[later].state, by_address[later].attempts) == ("queued", 1)
    assert by_address[later].due_at > timezone.now()
    server.refusals.clear()
    Delivery.objects.filter(pk=by_address[later].pk).update(due_at=timezone.now() - timedelta(seconds=1))
    relay.relay("ordinary")
    assert server.taken == [good, later]


@pytest.mark.django_db
def test_giving_up_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    (to,) = addresses(1)
    monkeypatch.setitem(channels.channels(), "email", Moody({to: channels.ChannelDown("421 busy")}))
    event = owed([to])
    for _n in range(relay.MAXIMUM_ATTEMPTS):
        assert set(states(event)) <= {"queued"}
        relay.relay("ordinary")
        event.deliveries.update(due_at=timezone.now() - timedelta(seconds=1))
    assert states(event) == ["failed"]


@pytest.mark.django_db
def test_a_taken_notice_is_leased_and_comes_back_when_its_worker_dies() -> None:
    event = owed(addresses(1))
    relay.expand_due("ordinary")
    taken = [one for one in relay.take_due("ordinary") if one.event_id == event.pk]
    assert len(taken) == 1
    assert not [one for one in relay.take_due("ordinary") if one.event_id == event.pk], (
        "leased: nobody else gets it"
    )
    Delivery.objects.filter(event=event).update(due_at=timezone.now() - timedelta(seconds=1))
    again = [one for one in relay.take_due("ordinary") if one.event_id == event.pk]
    assert [one.message_id for one in again] == [one.message_id for one in taken]


@pytest.mark.django_db
def test_a_slow_worker_keeps_what_it_holds_and_sends_nothing_that_it_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Words that take longer than half a lease: the rest is held on to; what another took meanwhile is left to it."""
    event = owed(addresses(3))
    relay.expand_due("ordinary")
    taken = [one for one in relay.take_due("ordinary") if one.event_id == event.pk]
    held_for: list[timedelta] = []
    original, clock = Letter.message, [1_000.0]

    def slow(self: Letter, event: Event, recipient: Recipient) -> Message:
        clock[0] += 4 if recipient.address == taken[0].address else 0  # of 5 seconds of lease
        if recipient.address == taken[1].address:
            clock[0] += 4
            # Somebody whose clock ran ahead has taken the second one.
            Delivery.objects.filter(pk=taken[1].pk).update(attempts=2)
            held_for.append(Delivery.objects.get(pk=taken[2].pk).due_at - timezone.now())
        return original(self, event, recipient)

    monkeypatch.setattr(Letter, "message", slow)
    monkeypatch.setattr(relay.time, "monotonic", lambda: clock[0])
    Delivery.objects.filter(event=event).update(due_at=timezone.now())
    assert relay.send_all(taken) == 2
    assert held_for[0] > timedelta(seconds=2)
    assert states(event) == ["sent", "queued", "sent"]
    assert [len(mails_to(one.address)) for one in taken] == [1, 0, 1]


@pytest.mark.django_db
def test_a_bug_in_one_notice_gives_the_others_back_at_once() -> None:
    broken = owed(addresses(1), broken=True)
    good_to = addresses(1)
    good = owed(good_to)
    with pytest.raises(ZeroDivisionError):
        relay.relay("ordinary")
    assert states(broken) == ["queued"]
    relay.relay("ordinary")
    assert states(good) == ["sent"]
    assert len(mails_to(good_to[0])) == 1


@pytest.mark.django_db
def test_a_notice_that_always_breaks_is_given_up_and_seen() -> None:
    event = owed(addresses(1), broken=True)
    for _n in range(relay.MAXIMUM_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            relay.relay("ordinary")
        event.deliveries.update(due_at=timezone.now() - timedelta(seconds=1))
    relay.relay("ordinary")
    delivery = event.deliveries.get()
    assert (delivery.state, delivery.last_error) == ("failed", "every try to send it broke off; see the log")


@pytest.mark.django_db
def test_a_channel_without_a_gateway_is_said_to_have_told_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """In production SMS does not exist until there is a gateway: the others are told, and the row says it was not."""
    monkeypatch.delitem(channels.channels(), "sms")
    monkeypatch.setattr(
        Letter,
        "recipients",
        lambda *_a: [Recipient("+819000000000", "en", "sms"), Recipient("a@example.com", "en")],
    )
    event = owed([])
    relay.relay("ordinary")
    relay.relay("ordinary")
    told = event.deliveries.order_by("channel").values_list("channel", "state", "attempts")
    assert list(told) == [("email", "sent", 1), ("sms", "no_channel", 1)]


@pytest.mark.django_db
def test_an_event_that_cannot_be_expanded_waits_and_lets_others_pass() -> None:
    gone = owed([], gone=True)
    good = owed(addresses(1))
    relay.relay("ordinary")
    gone.refresh_from_db()
    assert (gone.expanded_at, gone.attempts, gone.last_error) == (None, 1, "the thing is gone")
    assert gone.due_at > timezone.now()
    assert states(good) == ["sent"]


@pytest.mark.django_db
def test_letters_never_stand_before_security_notices() -> None:
    letter_event = owed(addresses(5), priority="bulk")
    notice_event = owed(addresses(1), priority="security")
    relay.relay("security")
    assert states(notice_event) == ["sent"]
    assert states(letter_event) == []


@pytest.mark.usefixtures("no_worker")
@pytest.mark.django_db(transaction=True)
def test_sixteen_workers_send_each_notice_once() -> None:
    events = [owed(addresses(2)) for _n in range(20)]
    everybody = [address for event in events for address in event.payload["to"]]

    def work(_n: int) -> None:
        relay.relay("ordinary")
        connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert [len(mails_to(address)) for address in everybody] == [1] * 40


@pytest.mark.requirement(46)
@pytest.mark.usefixtures("no_worker")
@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request goes on; the notice waits for the sweep."""

    def gone(**_options: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.relay_ordinary, "apply_async", gone)
    to = addresses(1)
    with recorded(ROBOT):
        event = owed(to)
    assert event.expanded_at is None
    relay.relay("ordinary")
    assert len(mails_to(to[0])) == 1


def test_the_message_id_is_the_same_for_every_try(settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Kakehashi <notice@kakehashi.example.com>"
    event = Event(pk=7)
    to = Recipient(address="aya@example.com", language="ja")
    assert relay.message_id(event, to) == relay.message_id(event, to)
    assert relay.message_id(event, to).endswith("@kakehashi.example.com>")
    assert relay.message_id(event, to) != relay.message_id(event, Recipient("ken@example.com", "ja"))


def test_backing_off_grows_and_ends() -> None:
    waits = [relay.backoff(n).total_seconds() for n in range(1, 30)]
    assert waits[0] < 3
    assert all(wait <= 3 * 3600 * 1.1 for wait in waits)
    assert waits[-1] > 3 * 3600 * 0.8


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (smtplib.SMTPRecipientsRefused({"a@example.com": (550, b"no such user")}), channels.Refused),
        (smtplib.SMTPRecipientsRefused({"a@example.com": (451, b"greylisted")}), channels.ChannelDown),
        (smtplib.SMTPServerDisconnected("gone"), channels.ChannelDown),
        (ConnectionRefusedError(), channels.ChannelDown),
        (TimeoutError(), channels.ChannelDown),
    ],
)
def test_what_the_mail_server_says_decides_whether_to_try_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    def refuse(self: Any, *_args: Any) -> int:
        raise error

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)
    with pytest.raises(raised):
        channels.channel("email").send(
            Recipient("a@example.com", "en"), Message("s", "t"), message_id="<1@x>"
        )


@pytest.mark.requirement(45)
def test_no_value_begins_a_header_of_its_own(tmp_path, settings) -> None:
    pages = tmp_path / "emails"
    pages.mkdir()
    for part in ("subject.txt", "body.txt", "body.html"):
        (pages / f"hostile_{part}").write_text("{{ name }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path], "APP_DIRS": False}]
    message = registry.render_notice("hostile", "en", {"name": "Aya\r\nBcc: thief@example.com"})
    assert "\n" not in message.subject
    assert "\r" not in message.subject
