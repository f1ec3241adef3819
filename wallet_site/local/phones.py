"""SMS and push on a developer's machine: kept as files, one folder per number or device, read at /demo/mail/."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from django.conf import settings

from wallet_site.local.mail import write_whole
from wallet_site.outbox.registry import Message, Recipient

_FILE_NAME = re.compile(r"^[0-9]{20}-[0-9a-f]{8}\.json$")
CHANNELS = ("sms", "push")


class DemoPhoneChannel:
    """The channel of development and tests: what a phone would show lies in a file."""

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, to: Recipient, message: Message, *, message_id: str) -> None:
        """Store it. Raises `OSError` when the disk refuses."""
        body = {
            "title": message.subject,
            "text": message.text,
            "language": to.language,
            "message_id": message_id,
        }
        write_whole(_folder_of(self.name, to.address), "json", json.dumps(body, ensure_ascii=False).encode())


@dataclass(frozen=True, slots=True)
class PhoneMessage:
    """One SMS or push as a phone would show it."""

    title: str
    text: str
    language: str
    message_id: str
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class DemoPhone:
    """A number or device that got something."""

    channel: str
    address: str
    count: int
    newest: PhoneMessage


def _folder_of(channel: str, address: str) -> Path:
    """The address percent-encoded, so that none is a path or a hidden file."""
    return Path(settings.DEMO_PHONE_DIR) / channel / quote(address, safe="+").replace(".", "%2E")


def phones() -> list[DemoPhone]:
    """Every number and device that ever got a message, the one with the newest first."""
    found = []
    for channel in CHANNELS:
        root = Path(settings.DEMO_PHONE_DIR) / channel
        for folder in root.iterdir() if root.is_dir() else ():
            address = unquote(folder.name)
            if messages := phone_messages(channel, address):
                found.append(DemoPhone(channel, address, len(messages), messages[0]))
    return sorted(found, key=lambda one: one.newest.arrived_at, reverse=True)


def phone_messages(channel: str, address: str) -> list[PhoneMessage]:
    """What one number or device got, newest first; empty for one that never got anything."""
    folder = _folder_of(channel, address)
    if channel not in CHANNELS or not folder.is_dir():
        return []
    paths = sorted((path for path in folder.iterdir() if _FILE_NAME.match(path.name)), reverse=True)
    return [_read(path) for path in paths]


def _read(path: Path) -> PhoneMessage:
    arrived = datetime.fromtimestamp(int(path.name[:20]) / 1e9, tz=UTC)
    return PhoneMessage(**json.loads(path.read_bytes()), arrived_at=arrived)
