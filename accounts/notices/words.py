"""How accounts' notices are worded and laid out: the same parts in the same order, as plain text, HTML and SMS."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.notice_targets import targets_of
from accounts.places import place_of
from wallet_site.outbox.models import Event
from wallet_site.outbox.registry import Message, Recipient, render_notice


@dataclass(frozen=True, slots=True)
class Words:
    """One notice in one language. `short` is what an SMS says: never a code, and no link but one
    that can only stop something."""

    subject: str
    opening: list[str]
    short: str = ""
    code: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    before_link: list[str] = field(default_factory=list)
    link: str = ""
    link_label: str = ""
    link_kind: str = ""
    closing: list[str] = field(default_factory=list)


class AccountNotice(ABC):
    """A notice of this app: subclasses say who is told and in which words."""

    @abstractmethod
    def recipients(self, event: Event) -> list[Recipient]:
        """Everybody who is owed this."""

    @abstractmethod
    def words(self, event: Event, to: Recipient) -> Words:
        """What one of them is told. Called with the recipient's language active."""

    def message(self, event: Event, recipient: Recipient) -> Message:
        """The words laid out for the recipient's channel."""
        with translation.override(recipient.language):
            words = self.words(event, recipient)
            if recipient.channel != "email":
                return Message(subject=words.subject, text=words.short or words.subject)
        context = {
            "words": words,
            "name": recipient.name,
            "support_phone": settings.SUPPORT_PHONE,
            "operator_name": settings.OPERATOR_NAME,
        }
        return render_notice("accounts/notice", recipient.language, context)


def everywhere(user: User) -> list[Recipient]:
    """Every address that is on file for `user`, those replaced within the last 30 days too, and the phone."""
    return [
        Recipient(target.address, user.language, channel=target.channel, name=user.full_name)
        for target in targets_of(user.pk)
    ]


def listed(event: Event, user: User) -> list[Recipient]:
    """The recipients that a trigger has written into the event."""
    return [
        Recipient(one["address"], user.language, channel=one["channel"], name=user.full_name)
        for one in event.payload["recipients"]
    ]


def user_of(event: Event) -> User:
    """The person whom an event concerns. Raises `LookupError` when there is none."""
    user = User.objects.filter(pk=event.user_id).first() if event.user_id else None
    if user is None:
        raise LookupError(f"no person {event.user_id}")
    return user


def when(moment: datetime | str) -> str:
    """A moment for people, with its time zone."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return _("%(time)s (Japan time, JST)") % {
        "time": formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
    }


def where(origin: dict[str, Any]) -> str:
    """From which device and network, or by whom, as far as it is known."""
    kind = origin.get("kind")
    if kind == "database":
        return _("Directly in the database, not through our pages")
    if kind == "staff":
        return _("By our support desk")
    device, network = origin.get("device", ""), origin.get("network", "")
    if kind == "system" and not network:
        return _("By our system")
    parts = {"device": device or _("An unknown device"), "network": network or _("unknown")}
    if place := place_of(network):
        return _("%(device)s, network %(network)s (roughly: %(place)s)") % {**parts, "place": place}
    return _("%(device)s, network %(network)s") % parts


def call_us() -> str:
    """Whom to call, as the last sentence of every notice."""
    return _("If this was not you, call us at once, day and night: %(phone)s") % {
        "phone": settings.SUPPORT_PHONE
    }
