"""Mail on a developer's machine: kept as files, one folder per address, read at /demo/mail/.

A message is written beside its place and then renamed, so a reader never sees half of one, and a worker that is
killed leaves none. File names begin with the time in nanoseconds: their order is the order of arrival.
"""

from __future__ import annotations

import email.policy
import os
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage as ParsedMessage
from email.parser import BytesParser
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import quote, unquote

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_FILE_NAME = re.compile(r"^(?P<nanoseconds>[0-9]{20})-[0-9a-f]{8}\.eml$")


class MailboxBackend(BaseEmailBackend):
    """Django's mail backend of development and tests: each recipient gets a file of its own."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store every message; returns how many. Raises `OSError` when the disk refuses, as a server would."""
        for message in email_messages:
            content = message.message().as_bytes()
            for recipient in message.recipients():
                _store(parseaddr(recipient)[1].lower(), content)
        return len(email_messages)


def _store(address: str, content: bytes) -> None:
    write_whole(_folder_of(address), "eml", content)


def write_whole(folder: Path, ending: str, content: bytes) -> Path:
    """A new file in `folder`, named by the time: readers see all of it or nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.{ending}"
    unfinished = folder / f".{name}"
    with unfinished.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return unfinished.rename(folder / name)


def _folder_of(address: str) -> Path:
    """The address as a folder's name: percent-encoded, so that no address is a path or a hidden file."""
    name = quote(address, safe="@+-_.")
    return Path(settings.DEMO_MAIL_DIR) / (f"%2E{name[1:]}" if name.startswith(".") else name)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address with its mail."""

    address: str
    count: int
    newest: StoredMail


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One mail as it was stored. Reads its file anew at every question."""

    path: Path

    @property
    def name(self) -> str:
        """What names the mail in its mailbox's address."""
        return self.path.stem

    @property
    def address(self) -> str:
        """Whose mailbox it lies in."""
        return unquote(self.path.parent.name)

    @property
    def arrived_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.path.name[:20]) / 1e9, tz=UTC)

    @property
    def message(self) -> ParsedMessage:
        """The parsed message, headers decoded."""
        with self.path.open("rb") as file:
            return BytesParser(_class=ParsedMessage, policy=email.policy.default).parse(file)

    @property
    def subject(self) -> str:
        # A long subject begins on a line of its own; the parser keeps the blank that such a line begins with.
        return str(self.message["Subject"] or "").strip()

    @property
    def text(self) -> str:
        """The plain part; "" when there is none."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part; "" when there is none."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""


def mailboxes() -> list[Mailbox]:
    """Every address that ever got mail, the one with the newest first."""
    root = Path(settings.DEMO_MAIL_DIR)
    folders = [folder for folder in root.iterdir() if folder.is_dir()] if root.is_dir() else []
    boxes = []
    for folder in folders:
        if mails := messages_of(unquote(folder.name)):
            boxes.append(Mailbox(mails[0].address, len(mails), mails[0]))
    return sorted(boxes, key=lambda box: box.newest.path.name, reverse=True)


def messages_of(address: str) -> list[StoredMail]:
    """The mails of one address, newest first; empty for one that never got any."""
    folder = _folder_of(address.strip().lower())
    if not folder.is_dir():
        return []
    names = sorted((path for path in folder.iterdir() if _FILE_NAME.match(path.name)), reverse=True)
    return [StoredMail(path) for path in names]


def find_message(address: str, name: str) -> StoredMail | None:
    """One mail by its name, or None. The name is compared with what is there, never made into a path."""
    return next((mail for mail in messages_of(address) if mail.name == name), None)
