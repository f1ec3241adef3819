"""Which topics exist, whom each tells, and in which words. Unknown topics raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.template.loader import render_to_string
from django.utils import translation

from wallet_site.outbox.models import Event


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where one person is told. `address` is an e-mail address or a phone number in E.164, by `channel`.

    For a channel with an address book it is the name of somebody's device there, until the message leaves.
    """

    address: str
    language: str
    channel: str = "email"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered notice."""

    subject: str
    text: str
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Notice(Protocol):
    """What a topic must know."""

    def recipients(self, event: Event) -> list[Recipient]:
        """Everybody who is owed this; called once, when the event is expanded."""
        ...

    def message(self, event: Event, recipient: Recipient) -> Message:
        """The words for one of them; called at every try to send."""
        ...


_NOTICES: dict[str, Notice] = {}


def notice(topic: str) -> Callable[[type[Notice]], type[Notice]]:
    """Class decorator: this class writes the notices of `topic` (`source:subject:action`)."""

    def register(kind: type[Notice]) -> type[Notice]:
        if topic in _NOTICES:
            raise ValueError(f"{topic} has a notice already")
        _NOTICES[topic] = kind()
        return kind

    return register


def notice_for(topic: str) -> Notice:
    """The notice of a topic; `LookupError` for one that nobody registered."""
    try:
        return _NOTICES[topic]
    except KeyError:
        raise LookupError(f"no notice is registered for {topic!r}") from None


class AddressBook(Protocol):
    """Knows the real addresses of a channel, where deliveries hold only names for them.

    For addresses that are too delicate to lie in every delivery, or that change while a notice waits.
    """

    def find(self, name: str) -> str | None:
        """The address; None for a name that leads nowhere any more."""
        ...

    def forget(self, name: str) -> None:
        """The provider says that there is nobody at the address of this name."""
        ...


_BOOKS: dict[str, AddressBook] = {}


def address_book(channel: str) -> Callable[[type[AddressBook]], type[AddressBook]]:
    """Class decorator: this class is the address book of `channel`."""

    def register(kind: type[AddressBook]) -> type[AddressBook]:
        if channel in _BOOKS:
            raise ValueError(f"{channel} has an address book already")
        _BOOKS[channel] = kind()
        return kind

    return register


def real_address(channel: str, address: str) -> str | None:
    """Where a delivery goes at this moment; None where there is nobody any more."""
    book = _BOOKS.get(channel)
    return book.find(address) if book else address


def forget_address(channel: str, address: str) -> None:
    """Let the address book of `channel` forget an address that is gone. Without a book it stays: it is on file."""
    if book := _BOOKS.get(channel):
        book.forget(address)


def render_notice(name: str, language: str, context: dict[str, Any]) -> Message:
    """Render `emails/<name>_subject.txt`, `_body.txt` and `_body.html` in `language`.

    The subject is folded into one line, so that no value can begin a header of its own.
    """
    with translation.override(language):
        subject = " ".join(render_to_string(f"emails/{name}_subject.txt", context).split())
        text = render_to_string(f"emails/{name}_body.txt", context).strip() + "\n"
        html = render_to_string(f"emails/{name}_body.html", context | {"subject": subject})
    return Message(subject=subject, text=text, html=html)
