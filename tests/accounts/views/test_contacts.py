"""Second address and phone number: proven by a code that goes there first, told everywhere, taken away, undone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client
from django.urls import reverse

from accounts.models import ContactChange, CredentialChange, FormerAddress, NoticeAddress, SignIn, User
from tests.accounts.mails import code_in, last_mail_to, mails_to, sms_code, sms_to
from tests.people import Person, anonymous_client, fresh_email, make_customer, signed_in_client
from wallet_site.actor import Actor
from wallet_site.outbox import channels
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

THIEF = Actor(kind="customer", network="203.0.113.9", device="Firefox on Linux")


def url(name: str) -> str:
    return reverse(f"accounts:{name}")


def fresh_number(person: Person) -> str:
    """A mobile number that nobody else in these tests has."""
    return f"+81901{person.user.pk % 10**7:07d}"


def kinds(person: Person) -> list[str]:
    found = CredentialChange.objects.filter(user=person.user).order_by("pk").values_list("kind", flat=True)
    return list(found)[2:]


def with_second_address(person: Person) -> str:
    address = fresh_email("second")
    with recorded(person.actor):
        NoticeAddress.objects.create(user=person.user, email=address)
    return address


def add_second_address(client: Client) -> str:
    address = fresh_email("second")
    asked = client.post(url("change_notice_email"), {"email": address})
    assert asked["Location"] == url("confirm_notice_email")
    code = code_in(last_mail_to(address))
    assert client.post(url("confirm_notice_email"), {"code": code})["Location"] == url("security")
    return address


@pytest.mark.requirement(26)
@pytest.mark.requirement(31)
def test_a_second_address_counts_by_its_code_and_all_addresses_are_told() -> None:
    mio = make_customer("mio")
    here, there = signed_in_client(mio), signed_in_client(mio)
    address = fresh_email("second")
    here.post(url("change_notice_email"), {"email": address})
    assert not NoticeAddress.objects.filter(user=mio.user).exists()
    assert address in here.get(url("security")).content.decode()
    here.post(url("confirm_notice_email"), {"code": code_in(last_mail_to(address))})
    assert NoticeAddress.objects.get(user=mio.user).email == address
    for told in (mio.email, address):
        assert last_mail_to(told).subject == "A second address for notices was added to your account"
        assert address not in str(last_mail_to(told).body), "masked"
    assert here.get(url("security")).status_code == 200
    assert there.get(url("security")).status_code == 302


@pytest.mark.requirement(26)
def test_from_then_on_it_is_told_of_everything_and_can_undo_it() -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")
    old = mio.email
    address = with_second_address(mio)
    with recorded(THIEF):
        User.objects.filter(pk=mio.user.pk).update(email=thief)
    mail = last_mail_to(address)
    assert mail.subject == "Your e-mail address was changed"
    link = "/undo/" + str(mail.body).partition("/undo/")[2].split()[0]
    assert anonymous_client().post(link, {"not_me": "on"}).status_code == 200
    assert User.objects.get(pk=mio.user.pk).email == old


@pytest.mark.requirement(20)
def test_it_opens_nothing_no_sign_in_and_no_reset() -> None:
    mio = make_customer("mio")
    address = with_second_address(mio)
    anonymous_client().post(url("reset"), {"email": address})
    assert not [m for m in mails_to(address) if "/reset/link/" in str(m.body)]
    client = anonymous_client()
    wizard = {"sign_in_view-current_step": "auth", "auth-email": address, "auth-password": mio.password}
    assert b"token-code" not in client.post(url("sign_in"), wizard).content


@pytest.mark.requirement(26)
@pytest.mark.requirement(28)
def test_a_removed_one_is_told_for_thirty_days_and_comes_back_by_its_link() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    address = add_second_address(client)
    client.post(url("remove_notice_email"))
    assert not NoticeAddress.objects.filter(user=mio.user).exists()
    former = FormerAddress.objects.get(user=mio.user, email=address)
    assert former.told_until - former.replaced_at == timedelta(days=30)
    removed = last_mail_to(address)
    assert removed.subject == "The second address for notices was removed from your account"
    with recorded(THIEF):
        User.objects.filter(pk=mio.user.pk).update(phone=fresh_number(mio))
    assert last_mail_to(address).subject == "Your phone number was changed"
    link = "/undo/" + str(removed.body).partition("/undo/")[2].split()[0]
    anonymous_client().post(link, {"not_me": "on"})
    assert NoticeAddress.objects.get(user=mio.user).email == address


@pytest.mark.requirement(28)
def test_one_that_a_thief_added_or_put_in_the_place_of_the_owners_goes_by_the_link() -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")
    owners = with_second_address(mio)
    with recorded(THIEF):
        NoticeAddress.objects.filter(user=mio.user).update(email=thief)
    link = "/undo/" + str(last_mail_to(owners).body).partition("/undo/")[2].split()[0]
    anonymous_client().post(link, {"not_me": "on"})
    assert NoticeAddress.objects.get(user=mio.user).email == owners
    assert kinds(mio)[:2] == ["notice_address_added", "notice_address_changed"]
    ken = make_customer("mio")
    with recorded(THIEF):
        NoticeAddress.objects.create(user=ken.user, email=fresh_email("thief"))
    link = "/undo/" + str(last_mail_to(ken.email).body).partition("/undo/")[2].split()[0]
    anonymous_client().post(link, {"not_me": "on"})
    assert not NoticeAddress.objects.filter(user=ken.user).exists()


def test_a_second_address_that_becomes_the_first_is_told_once() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    address = add_second_address(client)
    client.post(url("change_email"), {"new_email": address})
    (mail,) = [m for m in mails_to(address) if m.subject == "Your code to confirm this address"]
    client.post(url("confirm_email"), {"code": code_in(mail)})
    assert User.objects.get(pk=mio.user.pk).email == address
    assert not NoticeAddress.objects.filter(user=mio.user).exists()
    changed = [m for m in mails_to(address) if m.subject == "Your e-mail address was changed"]
    assert len(changed) == 1


@pytest.mark.requirement(8)
@pytest.mark.requirement(26)
def test_a_phone_number_counts_by_the_code_in_an_sms_and_is_told_afterwards() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    number = fresh_number(mio)
    asked = client.post(url("change_phone"), {"phone": "0" + number[3:]})
    assert asked["Location"] == url("confirm_phone")
    assert User.objects.get(pk=mio.user.pk).phone is None
    (message,) = sms_to(number)
    assert message.text.endswith(f"\n\n@{settings.PUBLIC_HOST} #{sms_code(number)}")
    assert "http" not in message.text
    client.post(url("confirm_phone"), {"code": sms_code(number)})
    assert User.objects.get(pk=mio.user.pk).phone == number
    assert "phone number was changed" in sms_to(number)[-1].text
    assert last_mail_to(mio.email).subject == "Your phone number was changed"
    other = number.replace("+8190", "+8170")
    client.post(url("change_phone"), {"phone": other})
    client.post(url("confirm_phone"), {"code": sms_code(other)})
    assert "phone number was changed" in sms_to(number)[-1].text, "the old one hears of it too"
    assert len(sms_to(number)) == 3


@pytest.mark.requirement(8)
def test_the_code_of_an_sms_proves_no_second_factor() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    number = fresh_number(mio)
    client.post(url("change_phone"), {"phone": number})
    SignIn.objects.filter(user=mio.user).update(verified_at=None)
    client.post(url("step_up"), {"code": sms_code(number)})
    assert SignIn.objects.get(user=mio.user).verified_at is None


def test_a_number_is_removed_and_told_once_more() -> None:
    mio = make_customer("mio")
    number = fresh_number(mio)
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone=number)
    client = signed_in_client(mio)
    assert client.get(url("remove_phone")).status_code == 200
    client.post(url("remove_phone"))
    assert User.objects.get(pk=mio.user.pk).phone is None
    told = len(sms_to(number))
    with recorded(THIEF):
        User.objects.filter(pk=mio.user.pk).update(email=fresh_email("thief"))
    assert len(sms_to(number)) == told == 2
    assert client.get(url("remove_phone")).status_code in (302, 404)


@pytest.mark.requirement(12)
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("change_notice_email", {"email": "second@example.com"}),
        ("confirm_notice_email", {"code": "12345678"}),
        ("remove_notice_email", {}),
        ("change_phone", {"phone": "090-1234-5678"}),
        ("confirm_phone", {"code": "12345678"}),
        ("remove_phone", {}),
    ],
)
def test_a_stale_factor_changes_no_contact(name: str, data: dict[str, str]) -> None:
    mio = make_customer("mio")
    address = with_second_address(mio)
    client = signed_in_client(mio)
    SignIn.objects.filter(user=mio.user).update(verified_at=None)
    for answer in (client.get(url(name)), client.post(url(name), data)):
        assert answer["Location"].startswith(url("step_up"))
    assert NoticeAddress.objects.get(user=mio.user).email == address
    assert not ContactChange.objects.filter(user=mio.user).exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("change_notice_email", {"email": "no address"}),
        ("change_notice_email", {"email": "а@example.com"}),
        ("change_notice_email", {"email": "{own}"}),
        ("change_email", {"new_email": "{own}"}),
        ("change_phone", {"phone": "03-1234-5678"}),
        ("change_phone", {"phone": "{number}"}),
    ],
)
def test_what_is_refused_is_said_at_its_field_and_waits_for_nothing(name: str, data: dict[str, str]) -> None:
    mio = make_customer("mio")
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone=fresh_number(mio))
    filled = {key: value.format(own=mio.email, number=fresh_number(mio)) for key, value in data.items()}
    client = signed_in_client(mio)
    page = client.post(url(name), filled)
    (field,) = filled
    assert f'href="#id_{field}"' in page.content.decode()
    assert not ContactChange.objects.filter(user=mio.user).exists()


@pytest.mark.requirement(30)
def test_a_new_code_makes_the_one_before_worthless_and_begins_its_time_anew() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    address = fresh_email("second")
    client.post(url("change_notice_email"), {"email": address})
    first = code_in(last_mail_to(address))
    for _try in range(5):
        client.post(url("confirm_notice_email"), {"code": f"{(int(first) + 1) % 10**8:08d}"})
    assert client.post(url("again_notice_email"))["Location"] == url("confirm_notice_email")
    second = code_in(last_mail_to(address))
    client.post(url("confirm_notice_email"), {"code": first})
    assert not NoticeAddress.objects.filter(user=mio.user).exists()
    client.post(url("confirm_notice_email"), {"code": second})
    assert NoticeAddress.objects.get(user=mio.user).email == address


def test_after_its_time_neither_the_code_nor_the_change_counts() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    number = fresh_number(mio)
    client.post(url("change_phone"), {"phone": number})
    ContactChange.objects.filter(user=mio.user).update(
        code_sent_at=F("code_sent_at") - timedelta(minutes=10, seconds=1)
    )
    assert b'role="alert"' in client.post(url("confirm_phone"), {"code": sms_code(number)}).content
    ContactChange.objects.filter(user=mio.user).update(expires_at=F("created_at") - timedelta(seconds=1))
    assert client.get(url("confirm_phone"))["Location"] == url("security")
    assert client.post(url("again_phone"))["Location"] == url("security")
    assert User.objects.get(pk=mio.user.pk).phone is None


@pytest.mark.parametrize("kind", ["email", "notice_email", "phone"])
def test_what_waits_is_cancelled_without_any_proof(kind: str) -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    data = {"email": fresh_email("new"), "new_email": fresh_email("new"), "phone": fresh_number(mio)}
    client.post(url(f"change_{kind}"), data)
    SignIn.objects.filter(user=mio.user).update(verified_at=None)
    assert ContactChange.objects.filter(user=mio.user, kind=kind).exists()
    client.post(url(f"cancel_{kind}"))
    assert not ContactChange.objects.filter(user=mio.user).exists()


def test_codes_to_phones_are_few_a_day_for_a_person_and_a_number() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    number = fresh_number(mio)
    answers = [client.post(url("change_phone"), {"phone": number}).status_code for _try in range(6)]
    assert answers == [302] * 5 + [429]
    ken = signed_in_client(make_customer("ken"))
    assert ken.post(url("change_phone"), {"phone": number}).status_code == 429
    assert len(sms_to(number)) == 5


def test_without_a_gateway_the_page_says_so_and_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(channels.channels(), "sms")
    mio = make_customer("mio")
    client = signed_in_client(mio)
    assert b"We do not send messages to phones" in client.get(url("change_phone")).content
    assert client.post(url("change_phone"), {"phone": fresh_number(mio)}).status_code == 503
    assert not ContactChange.objects.filter(user=mio.user).exists()


def test_the_pages_say_what_is_there() -> None:
    mio = make_customer("mio")
    address, number = with_second_address(mio), "+819012345678"
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone=number)
    client = signed_in_client(mio)
    for page in (url("security"), url("change_notice_email"), url("remove_notice_email")):
        assert address in client.get(page).content.decode()
    for page in (url("security"), url("change_phone"), url("remove_phone")):
        assert "090-1234-5678" in client.get(page).content.decode()
