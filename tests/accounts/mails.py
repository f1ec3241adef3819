"""What lies in somebody's mailbox, after everything owed has been sent."""

from __future__ import annotations

import re

from django.core import mail
from django.core.mail import EmailMessage

from wallet_site.local.phones import PhoneMessage, phone_messages
from wallet_site.outbox.models import Priority
from wallet_site.outbox.relay import relay


def mails_to(address: str) -> list[EmailMessage]:
    """Every mail to `address` in this test, oldest first."""
    relay(Priority.SECURITY)
    return [one for one in mail.outbox if one.to == [address]]


def last_mail_to(address: str) -> EmailMessage:
    """The newest one; fails when there is none."""
    found = mails_to(address)
    assert found, f"no mail to {address}"
    return found[-1]


def code_in(message: EmailMessage) -> str:
    """The eight digits of a code mail."""
    found = re.search(r"^\s+([0-9]{8})$", str(message.body), re.MULTILINE)
    assert found, message.body
    return found.group(1)


def link_in(message: EmailMessage, path: str) -> str:
    """The path of the link in a mail that begins with `path` ("/undo/")."""
    found = re.search(rf"https?://[^/\s]+({re.escape(path)}\S+)", str(message.body))
    assert found, message.body
    return found.group(1)


def sms_to(number: str) -> list[PhoneMessage]:
    """Every message to a phone, oldest first."""
    relay(Priority.SECURITY)
    return list(reversed(phone_messages("sms", number)))


def sms_code(number: str) -> str:
    """The code in the newest message to a phone."""
    found = re.search(r"\b([0-9]{8})\b", sms_to(number)[-1].text)
    assert found
    return found.group(1)
