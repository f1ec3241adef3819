"""How a notice leaves the house. E-mail by Django's backend; SMS and push behind the same small interface."""

from __future__ import annotations

import smtplib
from functools import cache
from typing import Final, Protocol

import httpx
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from wallet_site.outbox.registry import Message, Recipient


class ChannelDown(Exception):
    """Not now: worth trying again."""


class Refused(Exception):
    """This address will never take it: trying again is of no use."""


class AddressGone(Refused):
    """There is nobody at this address any more, as the provider knows: it need not be kept."""


class Channel(Protocol):
    """One way to reach somebody."""

    def send(self, to: Recipient, message: Message, *, message_id: str) -> None:
        """Hand over one message. Raises `ChannelDown` (try again) or `Refused` (do not)."""
        ...


class EmailChannel:
    """Django's mail backend; one message to one address, so that no refusal of one costs another his notice."""

    def send(self, to: Recipient, message: Message, *, message_id: str) -> None:
        mail = EmailMultiAlternatives(
            subject=message.subject,
            body=message.text,
            to=[to.address],
            headers={
                "Message-ID": message_id,
                "Auto-Submitted": "auto-generated",
                "Content-Language": to.language,
                **message.headers,
            },
        )
        if message.html:
            mail.attach_alternative(message.html, "text/html")
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _text in error.recipients.values()]
            # 4xx is "later" (RFC 5321, 4.2.1), 5xx is "never".
            raise (Refused if all(code >= 500 for code in codes) else ChannelDown)(str(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelDown(str(error)) from error


class HttpGatewayChannel:
    """SMS or push by a provider's gateway, or by a small bridge to one: a POST of JSON for each message.

    The body is `{"channel", "to", "title", "text", "language", "reference"}`; `to` is a number in E.164, or for push
    the service and its token ("apns:..." or "fcm:..."); `Authorization: Bearer` carries the
    token, and `Idempotency-Key` the message's id, the same at every try. 2xx means taken. 408, 409, 425, 429, 5xx and
    whatever is no answer mean later; any other status means never, and 410 that the address is gone, such as the push
    token of an app that was removed. A redirect is followed nowhere.
    """

    def __init__(self, name: str, *, url: str, token: str) -> None:
        self.name = name
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {token}"}, timeout=settings.GATEWAY_TIMEOUT_SECONDS
        )
        self._url = url

    def send(self, to: Recipient, message: Message, *, message_id: str) -> None:
        body = {
            "channel": self.name,
            "to": to.address,
            "title": message.subject,
            "text": message.text,
            "language": to.language,
            "reference": message_id,
        }
        try:
            answer = self._client.post(self._url, json=body, headers={"Idempotency-Key": message_id})
        except httpx.HTTPError as error:
            raise ChannelDown(f"{self.name} gateway: {error!r}") from error
        if answer.is_success:
            return
        said = f"{self.name} gateway: {answer.status_code} {answer.text[:200]}"
        if answer.status_code == httpx.codes.GONE:
            raise AddressGone(said)
        later = answer.status_code in _LATER or answer.status_code >= 500 or answer.is_redirect
        raise (ChannelDown if later else Refused)(said)


_LATER: Final = (408, 409, 425, 429)
# What goes to a phone. Where there is neither a gateway nor a demo, such a channel does not exist.
_PHONE_CHANNELS: Final = ("sms", "push")


@cache
def channels() -> dict[str, Channel]:
    """Every channel of this house by its name. Made once: what they are is a matter of settings."""
    built: dict[str, Channel] = {"email": EmailChannel()}
    for name in _PHONE_CHANNELS:
        gateway = settings.NOTICE_GATEWAYS[name]
        if gateway["url"]:
            built[name] = HttpGatewayChannel(name, url=gateway["url"], token=gateway["token"])
        elif settings.DEMO_PHONE_CHANNEL:
            built[name] = import_string(settings.DEMO_PHONE_CHANNEL)(name)
    for name, made_by in settings.FURTHER_CHANNELS.items():
        built[name] = import_string(made_by)()
    return built


def channel(name: str) -> Channel:
    """The channel of that name; `KeyError` for one that does not exist here."""
    return channels()[name]


def exists(name: str) -> bool:
    """Whether notices can leave by this channel here."""
    return name in channels()
