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
    """Where one person is told. `address` is an e-mail address or a phone number in E.164, by `channel`."""

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


def render_notice(name: str, language: str, context: dict[str, Any]) -> Message:
    """Render `emails/<name>_subject.txt`, `_body.txt` and `_body.html` in `language`.

    The subject is folded into one line, so that no value can begin a header of its own.
    """
    with translation.override(language):
        subject = " ".join(render_to_string(f"emails/{name}_subject.txt", context).split())
        text = render_to_string(f"emails/{name}_body.txt", context).strip() + "\n"
        html = render_to_string(f"emails/{name}_body.html", context | {"subject": subject})
    return Message(subject=subject, text=text, html=html)
