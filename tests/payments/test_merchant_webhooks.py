"""Merchants are told by Standard Webhooks: signed, again and again, under one id, and never inside our own house."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from payments.actions import webhook_endpoints
from payments.actions.authorizations import cancel_payment
from payments.actions.store_payments import take_payment
from payments.errors import TooManyEndpoints, WebhookEndpointNotFound
from payments.merchant_webhooks import addresses, channel
from payments.merchant_webhooks.addresses import ForbiddenAddress, NameUnknown, target_of
from payments.merchant_webhooks.owing import owe_merchant
from payments.models import Merchant, WebhookEndpoint
from support.actions.webhooks import NotReplayable, replay
from support.errors import RoleMissing
from support.models import Case
from tests.payments.actions.test_settlements import give_back, merchant_of, sell
from tests.payments.api.test_merchant_api import back_office
from tests.payments.books import TESTS, at_once, customer_with, open_counter, shown_code
from tests.payments.webhooks import HOST, MerchantServer, endpoint_for, merchant_server, told
from tests.people import make_staff
from wallet_site.audit.models import AuditRow
from wallet_site.outbox.channels import channels
from wallet_site.outbox.models import Delivery, Event, Priority
from wallet_site.outbox.relay import expand_due, relay
from wallet_site.outbox.tasks import FOR_PRIORITY
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]


@pytest.fixture
def merchant() -> Merchant:
    return merchant_of(open_counter())


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MerchantServer]:
    """The merchant's, on this machine: for its name alone the guard looks away."""
    with merchant_server(tmp_path) as (server, trust):
        monkeypatch.setattr(addresses, "_look_up", lambda host, _port: ["127.0.0.1"] if host == HOST else [])
        monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
        monkeypatch.setattr(addresses, "PORTS", frozenset({443, server.port}))
        monkeypatch.setattr(channel, "_trust", lambda: trust)
        yield server


def due_now(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def state_of(delivery: Delivery) -> tuple[str, int]:
    delivery.refresh_from_db()
    return delivery.state, delivery.attempts


def test_a_message_is_signed_stable_and_tried_again(merchant: Merchant, server: MerchantServer) -> None:
    endpoint = endpoint_for(merchant, server.url)
    server.status = 503
    (delivery,) = told(merchant)
    relay(Priority.WEBHOOK)
    assert state_of(delivery) == ("queued", 1)
    assert delivery.due_at > timezone.now(), "the next try waits"
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    server.status = 200
    due_now(delivery)
    relay(Priority.WEBHOOK)
    assert state_of(delivery) == ("sent", 2)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None, "a success ends the failing"

    (first, body), (second, again) = server.heard
    assert body == again and first["webhook-id"] == second["webhook-id"]
    assert first["host"] == f"{HOST}:{server.port}" and first["content-type"] == "application/json"
    said = Webhook(endpoint.secret).verify(body, first)
    assert (said["type"], said["data"]["payout"]) == ("settlement.made", 842)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(body.replace(b"842", b"999"), first)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook_endpoints.new_secret()).verify(body, first)


def test_while_a_secret_is_turned_over_both_sign_and_then_the_new_one_alone(
    merchant: Merchant, server: MerchantServer
) -> None:
    endpoint = endpoint_for(merchant, server.url)
    before = endpoint.secret
    endpoint = webhook_endpoints.rotate_secret(endpoint, actor=TESTS)
    assert endpoint.secret != before
    told(merchant)
    relay(Priority.WEBHOOK)
    headers, body = server.heard[-1]
    for secret in (before, endpoint.secret):
        assert Webhook(secret).verify(body, headers)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        previous_until=timezone.now() - timedelta(seconds=1)
    )
    told(merchant)
    relay(Priority.WEBHOOK)
    headers, body = server.heard[-1]
    assert Webhook(endpoint.secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(before).verify(body, headers)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT secret, previous_secret FROM payments_webhookendpoint WHERE id = %s", [endpoint.pk]
        )
        lying = cursor.fetchone()
    assert endpoint.secret not in lying and before not in lying, "encrypted where they lie"


def test_gone_turns_it_off_at_once_with_a_case_and_nothing_more_is_sent(
    merchant: Merchant, server: MerchantServer
) -> None:
    endpoint = endpoint_for(merchant, server.url)
    server.status = 410
    (first,) = told(merchant)
    (second,) = told(merchant)
    relay(Priority.WEBHOOK)
    assert {state_of(first)[0], state_of(second)[0]} == {"failed"}
    assert len(server.heard) == 1
    endpoint.refresh_from_db()
    assert (endpoint.disabled_because, endpoint.disabled_at is not None) == ("gone", True)
    assert (
        AuditRow.objects.filter(action="payments:webhook:disabled", subject_id=str(endpoint.pk)).count() == 1
    )
    case = Case.objects.get(queue="webhook", text__contains=merchant.name)
    assert (case.state, case.customer, endpoint.url in case.text, "gone" in case.text) == (
        "open",
        None,
        True,
        True,
    )
    with recorded(TESTS):
        owe_merchant(Merchant.objects.get(pk=merchant.pk), "settlement.made", key="x", data={})
    assert not Event.objects.filter(key="webhook:settlement.made:x").exists(), "nothing is owed to nobody"


def test_days_of_failing_turn_it_off_and_a_short_failing_does_not(
    merchant: Merchant, server: MerchantServer
) -> None:
    endpoint = endpoint_for(merchant, server.url)
    server.status = 500
    (delivery,) = told(merchant)
    for ago, state in ((timedelta(days=2, hours=23), "queued"), (timedelta(days=3, seconds=1), "failed")):
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=timezone.now() - ago)
        due_now(delivery)
        relay(Priority.WEBHOOK)
        assert state_of(delivery)[0] == state
    endpoint.refresh_from_db()
    assert endpoint.disabled_because == "failing"


def test_a_redirect_is_followed_nowhere(merchant: Merchant, server: MerchantServer) -> None:
    endpoint_for(merchant, server.url)
    server.status, server.headers = 307, {"Location": "/elsewhere"}
    (delivery,) = told(merchant)
    relay(Priority.WEBHOOK)
    assert state_of(delivery) == ("queued", 1) and len(server.heard) == 1


def test_a_certificate_for_another_name_is_not_believed(
    merchant: Merchant, server: MerchantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_look_up", lambda _host, _port: ["127.0.0.1"])
    endpoint_for(merchant, server.url.replace(HOST, "another.example"))
    (delivery,) = told(merchant)
    relay(Priority.WEBHOOK)
    assert state_of(delivery) == ("queued", 1) and server.heard == []


def test_the_name_is_looked_up_again_at_every_try_and_the_address_is_pinned(
    merchant: Merchant, server: MerchantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that was public when the endpoint was made leads into our house later: nothing is sent there."""
    endpoint_for(merchant, server.url)
    monkeypatch.setattr(addresses, "is_public", lambda _address: False)
    (delivery,) = told(merchant)
    relay(Priority.WEBHOOK)
    assert state_of(delivery) == ("queued", 1) and server.heard == []
    target = addresses.Target(HOST, 443, "2001:db8::1", "/x?y")
    assert (target.url, target.host_header) == ("https://[2001:db8::1]:443/x?y", HOST)


INSIDE = [
    "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",  # noqa: S104
    "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
]  # fmt: skip


def test_no_address_of_ours_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in INSIDE:
        assert not addresses.is_public(address), address
        # One bad address among good ones is enough.
        monkeypatch.setattr(addresses, "_look_up", lambda _host, _port, bad=address: ["93.184.215.14", bad])
        with pytest.raises(ForbiddenAddress):
            target_of("https://hooks.example.com/")


def test_public_addresses_are_called_by_number_and_unknown_names_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "_look_up", lambda _host, _port: ["93.184.215.14"])
    target = target_of("https://hooks.example.com:8443/a?b=c")
    assert (target.url, target.host_header) == (
        "https://93.184.215.14:8443/a?b=c",
        "hooks.example.com:8443",
    )
    assert addresses.is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")
    monkeypatch.setattr(addresses, "_look_up", lambda _host, _port: [])
    with pytest.raises(NameUnknown):
        target_of("https://nowhere.example.com/")


NO_ADDRESSES = [
    "http://hooks.example.com/", "ftp://hooks.example.com/", "//hooks.example.com/", "https://", "https:///x",
    "https://a:b@hooks.example.com/", "https://hooks.example.com:22/", "https://hooks.example.com:99999/",
    "https://hooks.example.com/#x", "https://hooks.example.com/a b", "https://hooks.example.com/\r\nHost: x",
    "https://hooks.example.com\\@127.0.0.1/", "https://[::1/", "https://例え.jp/", "https://x/" + "a" * 500,
    "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/", "https://localhost/",
]  # fmt: skip


def test_what_is_no_public_https_address_is_refused_and_nothing_is_made(merchant: Merchant) -> None:
    for url in NO_ADDRESSES:
        with pytest.raises((ForbiddenAddress, NameUnknown)):
            webhook_endpoints.add_endpoint(merchant, url=url, actor=TESTS)
        assert not WebhookEndpoint.objects.filter(merchant=merchant).exists(), url


def test_what_becomes_of_payments_is_told_in_the_transaction_that_made_it(server: MerchantServer) -> None:
    aya, counter = customer_with(9_000), open_counter()
    sell(counter, aya, 100)
    merchant = merchant_of(counter)
    assert not Event.objects.filter(payload__merchant_id=merchant.pk).exists(), "nobody listens yet"
    endpoint_for(merchant, server.url)
    sale = sell(counter, aya, 842)
    give_back(counter, sale, 300)
    held = take_payment(
        counter.terminal,
        code=shown_code(aya),
        amount_minor=500,
        currency="JPY",
        reference=uuid4().hex,
        idempotency_key=str(uuid4()),
        actor=counter.actor,
        capture=False,
    ).payment
    cancel_payment(counter.terminal, payment_public_id=held.public_id, actor=counter.actor)
    relay(Priority.WEBHOOK)
    bodies = [json.loads(body) for _headers, body in server.heard]
    assert [body["type"] for body in bodies] == [
        "payment.captured",
        "payment.refunded",
        "payment.authorized",
        "payment.cancelled",
    ]
    refunded = bodies[1]["data"]
    assert (refunded["captured"], refunded["refunded"], refunded["refund"]["amount"]) == (842, 300, 300)
    assert all("customer" not in body["data"] and "aya" not in str(body).lower() for body in bodies)

    def breaks_off() -> None:
        with recorded(TESTS):
            owe_merchant(Merchant.objects.get(pk=merchant.pk), "settlement.made", key="lost", data={})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks_off()
    assert not Event.objects.filter(key="webhook:settlement.made:lost").exists()


def test_the_desk_sends_again_under_the_same_id(merchant: Merchant, server: MerchantServer) -> None:
    finance, auditor = make_staff("ren", groups=["finance"]), make_staff("jun", groups=["auditor"])
    endpoint = endpoint_for(merchant, server.url)
    (delivery,) = told(merchant)
    with pytest.raises(NotReplayable):
        replay(delivery.pk, actor=finance.actor)
    relay(Priority.WEBHOOK)
    with pytest.raises(RoleMissing):
        replay(delivery.pk, actor=auditor.actor)
    assert state_of(delivery)[0] == "sent"
    replay(delivery.pk, actor=finance.actor)
    with pytest.raises(NotReplayable):
        replay(delivery.pk, actor=finance.actor)
    relay(Priority.WEBHOOK)
    assert len(server.heard) == 2
    assert server.heard[0][0]["webhook-id"] == server.heard[1][0]["webhook-id"]
    assert server.heard[0][1] == server.heard[1][1]
    assert AuditRow.objects.filter(action="staff:webhook:replayed", subject_id=str(endpoint.pk)).count() == 1
    webhook_endpoints.remove_endpoint(endpoint, actor=TESTS)
    with pytest.raises(NotReplayable):
        replay(delivery.pk, actor=finance.actor)


def test_a_merchant_minds_its_endpoints_by_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_look_up", lambda _host, _port: ["93.184.215.14"])
    mine, theirs = back_office(), back_office()
    made: Any = [
        mine.get("webhooks", method="POST", body=json.dumps({"url": f"https://hooks.example.com/{number}"}))
        for number in range(6)
    ]
    assert [one.status_code for one in made] == [201] * 5 + [409]
    assert made[5].json()["code"] == "too-many-webhook-endpoints"
    first = made[0].json()
    assert first["secret"].startswith("whsec_")
    assert "secret" not in mine.get("webhooks").json()[0]
    refused = mine.get("webhooks", method="POST", body=json.dumps({"url": "https://127.0.0.1:1/"}))
    assert (refused.status_code, refused.json()["code"]) == (422, "webhook-address-forbidden")

    for method, path in (("POST", f"webhooks/{first['id']}/secret"), ("DELETE", f"webhooks/{first['id']}")):
        assert theirs.get(path, method=method).status_code == 404
    turned = mine.get(f"webhooks/{first['id']}/secret", method="POST").json()
    assert turned["secret"] != first["secret"] and turned["previous_secret_until"]
    assert mine.get(f"webhooks/{first['id']}", method="DELETE").status_code == 204
    assert mine.get(f"webhooks/{first['id']}", method="DELETE").status_code == 404
    assert len(mine.get("webhooks").json()) == 4
    with pytest.raises(WebhookEndpointNotFound):
        webhook_endpoints.endpoint_of(mine.key.merchant_id, uuid4())


def test_no_sixth_slips_in_when_two_ask_at_once(monkeypatch: pytest.MonkeyPatch, merchant: Merchant) -> None:
    monkeypatch.setattr(addresses, "_look_up", lambda _host, _port: ["93.184.215.14"])
    answers = at_once(
        8, lambda n: webhook_endpoints.add_endpoint(merchant, url=f"https://a.example.com/{n}", actor=TESTS)
    )
    assert sum(isinstance(one, TooManyEndpoints) for one in answers) == 3
    assert WebhookEndpoint.objects.filter(merchant=merchant, disabled_at=None).count() == 5


def test_the_outbox_knows_the_channel_and_an_endpoint_that_is_gone_is_no_address(merchant: Merchant) -> None:
    assert "webhook" in channels()
    assert FOR_PRIORITY[Priority.WEBHOOK].soft_time_limit == 120, "whatever a stranger's server does, it ends"
    endpoint = endpoint_for(merchant)
    (delivery,) = told(merchant)
    webhook_endpoints.remove_endpoint(endpoint, actor=TESTS)
    webhook_endpoints.remove_endpoint(endpoint, actor=TESTS)
    assert (
        AuditRow.objects.filter(action="merchant:webhook:removed", subject_id=str(endpoint.pk)).count() == 1
    )
    expand_due(Priority.WEBHOOK)
    relay(Priority.WEBHOOK)
    assert state_of(delivery)[0] == "failed"


def test_the_look_up_asks_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(host: str, port: int, **_how: Any) -> list[Any]:
        asked.append((host, port))
        return [(socket.AF_INET, 1, 6, "", ("93.184.215.14", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert target_of("https://hooks.example.com/").address == "93.184.215.14"
    assert asked == [("hooks.example.com", 443)]
