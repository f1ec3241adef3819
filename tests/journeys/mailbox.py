"""What arrives in real mailboxes, sent by the real worker."""

from __future__ import annotations

import re

from wallet_site.local.mail import StoredMail, messages_of
from wallet_site.local.processes import wait_until

# "Within seconds": what a person would wait for before looking again.
SOON_SECONDS = 15.0


def mails_to(address: str, subject: str) -> list[StoredMail]:
    """Everything of that subject which lies in the mailbox now, newest first."""
    return [mail for mail in messages_of(address) if mail.subject == subject]


def mail_to(address: str, subject: str, *, number: int = 1) -> StoredMail:
    """The newest mail of that subject, as soon as `number` of them are there."""
    wait_until(
        lambda: len(mails_to(address, subject)) >= number,
        within_seconds=SOON_SECONDS,
        otherwise=lambda: (
            f"no mail {subject!r} to {address}; there are {[m.subject for m in messages_of(address)]}"
        ),
    )
    return mails_to(address, subject)[0]


def code_in(mail: StoredMail) -> str:
    """The eight digits of a code mail."""
    found = re.search(r"^\s+([0-9]{8})$", mail.text, re.MULTILINE)
    assert found, mail.text
    return found.group(1)


def undo_link_in(mail: StoredMail) -> str:
    """The address of the page that can undo what the mail tells."""
    found = re.search(r"https?://\S+/undo/\S+", mail.text)
    assert found, mail.text
    return found.group()
