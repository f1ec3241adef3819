"""A notice as a phone shows it: the mail's subject, which says what, and for a receipt the amount and the place."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils import translation

from wallet_site.outbox.registry import Message, Recipient


def short_notice(template: str, recipient: Recipient, **named: str) -> Message:
    """The subject of the mail in the recipient's language. No link and no secret: it is read on a locked screen."""
    with translation.override(recipient.language):
        said = " ".join(render_to_string(f"emails/{template}_subject.txt", named).split())
    return Message(subject=said, text=said)
