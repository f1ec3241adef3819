"""Mail that comes back: marked once, for the address that bounced, and only by a report that knows the message."""

from __future__ import annotations

import io
import sys
import uuid
from types import SimpleNamespace

import pytest
from django.core.management import call_command

from support.models import Case
from tests.accounts.mails import mails_to
from tests.people import Person, fresh_email, make_customer
from wallet_site.outbox.bounces import read_bounces, record_bounces
from wallet_site.outbox.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: notice@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Wed, 25 Nov 2026 08:00:00 +0000

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: Recipient
    address rejected: no such user

--b
Content-Type: {enclosed}

Message-ID: {message_id}
From: notice@example.com
To: {address}

--b--
"""


def report(
    delivery: Delivery, *, action: str = "failed", enclosed: str = "message/rfc822", **other: str
) -> bytes:
    facts = {"address": delivery.address, "message_id": delivery.message_id, **other}
    return REPORT.format(action=action, enclosed=enclosed, **facts).encode()


@pytest.fixture
def mio() -> Person:
    return make_customer("mio")


@pytest.fixture
def sent(mio: Person) -> Delivery:
    mails_to(mio.email)
    return Delivery.objects.filter(event__user_id=mio.user.pk, state="sent").latest("pk")


@pytest.mark.requirement(26)
@pytest.mark.parametrize("enclosed", ["message/rfc822", "text/rfc822-headers"])
def test_a_returned_notice_is_marked_once_and_calls_the_desk(
    mio: Person,
    sent: Delivery,
    enclosed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raw = report(sent, enclosed=enclosed)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    call_command("record_bounces")
    assert "1 marked" in capsys.readouterr().out
    sent.refresh_from_db()
    assert sent.state == "bounced"
    assert sent.last_error == f"550 5.1.1 <{mio.email}>: Recipient address rejected: no such user"
    assert Case.objects.get(customer=mio.user).queue == "bounced_notice"
    assert record_bounces(raw) == 0


def test_what_is_no_failure_or_not_ours_marks_nothing(sent: Delivery) -> None:
    others = [
        report(sent, action="delayed"),
        report(sent, action="delivered"),
        report(sent, address=fresh_email("other")),
        report(sent, message_id=f"<{uuid.uuid4().hex}@example.com>"),
        report(sent).replace(b"multipart/report", b"multipart/mixed"),
        report(sent).replace(b"message/rfc822", b"text/plain"),
        b"Subject: holidays\r\n\r\nI am away.",
        b"",
        b"\xff\xfe\x00 not a mail",
    ]
    assert [record_bounces(raw) for raw in others] == [0] * len(others)
    sent.refresh_from_db()
    assert sent.state == "sent"


def test_a_report_names_every_address_that_failed(sent: Delivery) -> None:
    (found,) = read_bounces(report(sent))
    assert (found.address, found.message_id) == (sent.address, sent.message_id)
