"""A phone is told by push of what concerns safety, also when a thief has signed it out; its token stays hidden."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection, connections

from accounts.actions.forgetting import forget_expired
from accounts.models import PushToken, User
from tests.accounts.mails import mails_to
from tests.api_client import Answer, Phone
from tests.people import fresh_email, make_customer
from wallet_site.local.phones import DemoPhoneChannel, phone_messages
from wallet_site.outbox.channels import AddressGone, Refused
from wallet_site.outbox.models import Delivery
from wallet_site.outbox.registry import Message, Recipient
from wallet_site.outbox.relay import relay
from wallet_site.transactions import recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]

PATH = "/api/v1/push-token"


def register(phone: Phone, token: str, provider: str = "fcm") -> Answer:
    return phone.request("PUT", PATH, {"provider": provider, "token": token})


def token_for(phone: Phone) -> str:
    return f"push-token-of:{phone.thumbprint}"


def pushed_to(phone: Phone) -> list[str]:
    """The titles on the phone, oldest first, once everything owed is sent."""
    relay("security")
    return [one.title for one in reversed(phone_messages("push", f"fcm:{token_for(phone)}"))]


@pytest.mark.requirement(26)
def test_a_change_is_told_on_every_phone_also_on_the_one_it_signed_out() -> None:
    mio = make_customer("mio")
    phone, thiefs, left = (Phone.signed_in(mio) for _n in range(3))
    for one in (phone, thiefs, left):
        assert register(one, token_for(one)).status == 204
    assert left.post("/api/v1/sign-out", idempotency_key=None).status == 204
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(email=fresh_email("thief"))
    assert "Your e-mail address was changed" in pushed_to(phone)
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone="+819011112222")
    assert pushed_to(phone)[-1] == "Your phone number was changed"
    assert not any("changed" in title for title in pushed_to(left)), "signed out on the phone itself"
    (message, *_rest) = phone_messages("push", f"fcm:{token_for(phone)}")
    assert "http" not in message.text
    assert [m for m in mails_to(mio.email) if "e-mail address was changed" in m.subject]


@pytest.mark.requirement(26)
def test_a_phone_signed_out_three_days_ago_is_no_target(owner_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    phone, owners = Phone.signed_in(mio), Phone.signed_in(mio)
    register(phone, token_for(phone))
    assert owners.delete(f"/api/v1/devices/{phone.device_id}").status == 204
    assert pushed_to(phone)[-1] == "The app on a device was signed out of your account"
    count = len(pushed_to(phone))
    owner_connection.execute(
        "UPDATE accounts_apidevice SET revoked_at = now() - interval '73 hours' WHERE public_id = %s",
        [phone.device_id],
    )
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone="+819011112222")
    assert len(pushed_to(phone)) == count


@pytest.mark.requirement(11)
def test_the_token_lies_encrypted_and_in_no_delivery_and_is_never_shown() -> None:
    mio = make_customer("mio")
    phone = Phone.signed_in(mio)
    assert phone.get(PATH).status == 404
    register(phone, token_for(phone))
    assert set(phone.get(PATH).json()) == {"provider", "registered_at"}
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone="+819011112222")
    assert pushed_to(phone)
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM accounts_pushtoken WHERE token_digest IS NOT NULL")
        assert not any("push-token-of" in row[0] for row in cursor.fetchall())
    addresses = Delivery.objects.filter(event__user_id=mio.user.pk, channel="push").values_list(
        "address", flat=True
    )
    assert set(addresses) == {f"device:{phone.device_id}"}


@pytest.mark.requirement(46)
def test_a_token_taken_away_while_a_notice_waited_costs_nobody_else_theirs() -> None:
    mio = make_customer("mio")
    phone = Phone.signed_in(mio)
    register(phone, token_for(phone))
    assert phone.delete(PATH).status == 204
    assert phone.delete(PATH).status == 204
    register(phone, token_for(phone))
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone="+819011112222")
    PushToken.objects.filter(device__public_id=phone.device_id).delete()
    assert pushed_to(phone) == []
    gone = Delivery.objects.filter(event__user_id=mio.user.pk, channel="push")
    assert {(one.state, one.last_error) for one in gone} == {("failed", "this push address is gone")}
    assert [m for m in mails_to(mio.email) if "phone number was changed" in m.subject]


@pytest.mark.requirement(46)
@pytest.mark.parametrize("gone", [True, False])
def test_the_token_of_an_app_that_is_gone_is_forgotten_and_of_a_refused_one_kept(
    gone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that refuses everything, for want of its own key, must not cost everybody their token."""
    mio = make_customer("mio")
    phone = Phone.signed_in(mio)
    register(phone, token_for(phone))

    def refuse(self: DemoPhoneChannel, to: Recipient, message: Message, *, message_id: str) -> None:
        assert to.address == f"fcm:{token_for(phone)}"
        raise AddressGone("410") if gone else Refused("403")

    monkeypatch.setattr(DemoPhoneChannel, "send", refuse)
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(email=fresh_email("moved"))
    relay("security")
    assert PushToken.objects.filter(device__public_id=phone.device_id).exists() == (not gone)
    pushes = Delivery.objects.filter(event__user_id=mio.user.pk, channel="push")
    assert {one.state for one in pushes} == {"failed"}
    assert [m for m in mails_to(mio.email) if "e-mail address was changed" in m.subject]


def test_a_phone_signed_out_long_ago_leaves_no_token(owner_connection: psycopg.Connection) -> None:
    mio = make_customer("mio")
    phones = [Phone.signed_in(mio) for _n in range(3)]
    for hours, phone in zip((73, 71), phones, strict=False):
        register(phone, token_for(phone))
        phone.delete(f"/api/v1/devices/{phone.device_id}")
        owner_connection.execute(
            "UPDATE accounts_apidevice SET revoked_at = now() - make_interval(hours => %s) WHERE public_id = %s",
            [hours, phone.device_id],
        )
    register(phones[2], token_for(phones[2]))
    forget_expired()
    mine = PushToken.objects.filter(device__user=mio.user).values_list("device__public_id", flat=True)
    assert {str(one) for one in mine} == {phones[1].device_id, phones[2].device_id}


def test_one_token_belongs_to_the_device_that_registered_it_last() -> None:
    aya, ken = make_customer("aya"), make_customer("ken")
    phones = [Phone.signed_in(person) for person in (aya, ken, aya, ken)]
    shared = token_for(phones[0])

    def run(n: int) -> int:
        try:
            return register(phones[n % 4], shared).status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(run, range(12))) == {204}
    assert PushToken.objects.filter(device__public_id__in=[one.device_id for one in phones]).count() == 1
    last = phones[1]
    assert register(last, shared).status == 204
    assert [one.get(PATH).status for one in phones] == [404, 200, 404, 404]
    listed = last.get("/api/v1/devices").json()["results"]
    assert [(one["is_current"], one["told_by_push"]) for one in listed] == [(False, False), (True, True)]


@pytest.mark.parametrize(
    "body",
    [
        {"provider": "smoke", "token": "x" * 20},
        {"provider": "fcm", "token": "short"},
        {"provider": "fcm", "token": "x" * 1025},
        {"provider": "fcm", "token": "x" * 20 + "\r\nTo: other"},
        {"provider": "fcm", "token": ["x" * 20]},
        {"provider": "fcm", "token": "x" * 20, "device": "other"},
    ],
    ids=str,
)
def test_what_is_no_token_is_refused(body: dict[str, object]) -> None:
    phone = Phone.signed_in(make_customer("aya"))
    assert phone.request("PUT", PATH, body).status == 422
    assert phone.get(PATH).status == 404
