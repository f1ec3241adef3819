"""Mail that was taken and came back: delivery status notifications (RFC 3464), as a mail server hands them over.

Our own Message-ID names the delivery; the address that bounced must be the one it went to. So nobody can mark somebody
else's notice as bounced without having seen it, and a mark changes nothing but what the desk sees.
"""

from __future__ import annotations

import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.parser import BytesParser
from typing import Final

import structlog

from wallet_site.outbox.models import Delivery

log = structlog.get_logger(__name__)
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Bounce:
    """One recipient who did not get one message, and what their server said."""

    message_id: str
    address: str
    said: str


def read_bounces(raw: bytes) -> list[Bounce]:
    """Every failed recipient that a report names; empty for a delay, a success, or what is no report at all."""
    report = BytesParser(_class=EmailMessage, policy=email.policy.default).parsebytes(raw)
    if report.get_content_type() != "multipart/report":
        return []
    message_id = _original_id(report)
    return [Bounce(message_id, address, said) for address, said in _failed(report)] if message_id else []


def record_bounces(raw: bytes) -> int:
    """Mark what a report says as bounced; returns how many deliveries. A repeat and a stranger's report mark none.

    A trigger opens the desk's case for a security notice that bounced.
    """
    marked = 0
    for bounce in read_bounces(raw):
        found = Delivery.objects.filter(
            message_id=bounce.message_id, channel="email", address=bounce.address, state=Delivery.State.SENT
        ).update(state=Delivery.State.BOUNCED, last_error=bounce.said)
        log.warning("notice_bounced", message_id=bounce.message_id, marked=found, said=bounce.said)
        marked += found
    return marked


def _failed(report: EmailMessage) -> Iterator[tuple[str, str]]:
    """Recipients with `Action: failed` (RFC 3464, 2.3.3) and what was said of each."""
    for part in report.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in _enclosed(part):
            if str(fields.get("Action", "")).strip().lower() != "failed":
                continue
            address = _typed(str(fields.get("Original-Recipient") or fields.get("Final-Recipient") or ""))
            said = _typed(str(fields.get("Diagnostic-Code") or fields.get("Status") or "failed"))
            if address:
                yield address.lower(), " ".join(said.split())[:_LONGEST]


def _original_id(report: EmailMessage) -> str:
    """The Message-ID of the mail that came back, whole or as its headers only; "" where none is enclosed."""
    for part in report.walk():
        if part.get_content_type() == "message/rfc822":
            for enclosed in _enclosed(part):
                return str(enclosed.get("Message-ID", "")).strip()
        if part.get_content_type() == "text/rfc822-headers":
            found = re.search(r"^message-id:\s*(<[^>\s]+>)", str(part.get_content()), re.I | re.M)
            return found.group(1) if found else ""
    return ""


def _enclosed(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _typed(text: str) -> str:
    """ "rfc822; aya@example.com" -> "aya@example.com"."""
    return text.partition(";")[2].strip() if ";" in text else text.strip()
