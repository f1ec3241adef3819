"""SMS and push: what goes to a gateway, what its answers mean, and what a demo phone shows."""

from __future__ import annotations

import json
import threading

import pytest

from tests.fake_http import Answer, fake_server
from wallet_site.local.phones import DemoPhoneChannel, phone_messages, phones
from wallet_site.outbox.channels import AddressGone, ChannelDown, HttpGatewayChannel, Refused
from wallet_site.outbox.registry import Message, Recipient

TO = Recipient("+819012345678", "ja", channel="sms")
MESSAGE = Message("Your password was changed", "Kakehashi: ...")


def send(url: str) -> None:
    HttpGatewayChannel("sms", url=url, token="t-secret").send(TO, MESSAGE, message_id="<1@x>")


def test_a_message_goes_out_as_json_under_a_key_that_stays_the_same() -> None:
    with fake_server(Answer(202)) as gateway:
        send(gateway.url + "/send")
        send(gateway.url + "/send")
    first, again = gateway.asked
    assert (first.method, first.path) == ("POST", "/send")
    assert first.headers["Authorization"] == "Bearer t-secret"
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"] == "<1@x>"
    assert json.loads(first.body) == {
        "channel": "sms",
        "to": "+819012345678",
        "title": MESSAGE.subject,
        "text": MESSAGE.text,
        "language": "ja",
        "reference": "<1@x>",
    }


@pytest.mark.parametrize(
    ("status", "raised"),
    [(400, Refused), (404, Refused), (410, AddressGone), (422, Refused), (408, ChannelDown), (425, ChannelDown),
     (429, ChannelDown), (500, ChannelDown), (503, ChannelDown), (302, ChannelDown)],
)  # fmt: skip
def test_the_gateways_answer_decides_whether_to_try_again(status: int, raised: type[Exception]) -> None:
    with (
        fake_server(Answer(status, b"said why", {"Location": "http://127.0.0.1:1/"})) as gateway,
        pytest.raises(raised, match="said why"),
    ):
        send(gateway.url)
    assert len(gateway.asked) == 1, "no redirect is followed"


def test_a_gateway_that_does_not_answer_is_asked_again_later(settings: pytest.FixtureRequest) -> None:
    settings.GATEWAY_TIMEOUT_SECONDS = 0.2
    held = threading.Event()
    with fake_server(Answer(held=held)) as gateway:
        with pytest.raises(ChannelDown):
            send(gateway.url)
        held.set()
    with pytest.raises(ChannelDown):
        send("http://127.0.0.1:1/")


def test_a_demo_phone_shows_the_newest_first_and_no_address_is_a_path() -> None:
    channel = DemoPhoneChannel("push")
    to = Recipient("../../etc/passwd", "en", channel="push")
    channel.send(to, Message("One", "first"), message_id="<1@x>")
    channel.send(to, Message("Two", "second"), message_id="<2@x>")
    assert [one.text for one in phone_messages("push", to.address)] == ["second", "first"]
    assert any(phone.address == to.address and phone.count == 2 for phone in phones())
    assert phone_messages("push", "nobody") == []
    assert phone_messages("../mail", "x") == []
