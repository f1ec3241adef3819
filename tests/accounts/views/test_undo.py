"""The undo link stops, restores and tells; it never lets anybody in and hands nothing over."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions.factors import remove_factor
from accounts.models import (
    ApiDevice,
    ChangeUndo,
    ContactChange,
    CredentialChange,
    RecoveryCodeSet,
    SignIn,
    Suspension,
    TotpDevice,
    User,
)
from accounts.two_factor.codes import check_code, new_recovery_codes, new_seed, write_recovery_codes
from accounts.undo_links import undo_url
from tests.accounts.mails import link_in, mails_to
from tests.people import (
    PASSWORD,
    Person,
    anonymous_client,
    fresh_email,
    make_customer,
    signed_in_client,
    totp_code,
    totp_now,
)
from wallet_site.actor import Actor
from wallet_site.outbox.models import Event
from wallet_site.transactions import recorded

pytestmark = pytest.mark.django_db(transaction=True)

NOT_ME = {"not_me": "on"}
THIEF = Actor(kind="customer", network="203.0.113.9", device="Firefox on Linux")


def set_email(person: Person, email: str) -> None:
    with recorded(THIEF):
        User.objects.filter(pk=person.user.pk).update(email=email)


def set_password(person: Person) -> None:
    user = User.objects.get(pk=person.user.pk)
    user.set_password("the thief's own long password")
    with recorded(THIEF):
        user.save(update_fields=["password"])


def undo_links(address: str) -> list[str]:
    found = [m for m in mails_to(address) if "/undo/" in str(m.body)]
    return [link_in(m, "/undo/") for m in found]


def press(link: str):
    return anonymous_client().post(link, NOT_ME)


def stops(person: Person) -> list[Suspension]:
    return list(Suspension.objects.filter(user=person.user, lifted_at=None))


@pytest.mark.requirement(28)
def test_looking_at_the_page_changes_nothing() -> None:
    mio = make_customer("mio")
    set_email(mio, fresh_email("thief"))
    link = undo_links(mio.email)[-1]
    client = anonymous_client()
    for method in ("get", "head", "get"):
        page = getattr(client, method)(link)
        assert page.status_code == 200
    assert b'role="alert"' in client.post(link).content
    body = page.content.decode()
    assert "E-mail address changed" in body
    assert mio.email not in body
    assert "Firefox on Linux" in body
    assert not stops(mio)
    assert not ChangeUndo.objects.filter(user=mio.user).exists()


@pytest.mark.requirement(28)
@pytest.mark.requirement(31)
def test_the_button_stops_ends_restores_and_tells_everybody() -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")
    old = mio.email
    client = signed_in_client(mio)
    device = ApiDevice.objects.create(user=mio.user, name="Pixel", key_thumbprint="x" * 43)
    set_email(mio, thief)
    ContactChange.objects.create(
        user=mio.user, kind="email", new_value="x@example.com", expires_at=timezone.now() + timedelta(hours=1)
    )

    browser = anonymous_client()
    page = browser.post(undo_links(old)[-1], NOT_ME)

    assert page.status_code == 200
    assert "0120-000-000" in page.content.decode()
    assert "_auth_user_id" not in browser.session
    assert User.objects.get(pk=mio.user.pk).email == old
    (stop,) = stops(mio)
    assert (stop.scope, stop.channel, stop.reason_code) == ("all", "undo_link", "credential_undo")
    assert client.get(reverse("accounts:security")).status_code == 302
    device.refresh_from_db()
    assert device.revoked_at is not None
    assert not SignIn.objects.filter(user=mio.user, ended_at=None).exists()
    assert not ContactChange.objects.filter(user=mio.user).exists()
    undo = ChangeUndo.objects.get(user=mio.user)
    assert (undo.address, undo.restored) == (old, ["email"])
    for address in (old, thief):
        subjects = [m.subject for m in mails_to(address)]
        assert "A change of your account was undone and your account is stopped" in subjects


@pytest.mark.requirement(28)
def test_used_twice_it_does_nothing_new() -> None:
    mio = make_customer("mio")
    set_email(mio, fresh_email("thief"))
    link = undo_links(mio.email)[-1]
    press(link)
    told = Event.objects.filter(user_id=mio.user.pk).count()
    assert press(link).status_code == 200
    assert press(link).status_code == 200
    assert len(stops(mio)) == 1
    assert ChangeUndo.objects.filter(user=mio.user).count() == 1
    assert Event.objects.filter(user_id=mio.user.pk).count() == told


@pytest.mark.requirement(28)
def test_the_new_addresses_own_link_gives_no_control_either() -> None:
    """Who changed the address gets a link too; pressing it only undoes the change."""
    mio, thief = make_customer("mio"), fresh_email("thief")
    set_email(mio, thief)
    press(undo_links(thief)[-1])
    assert User.objects.get(pk=mio.user.pk).email == mio.email
    assert len(stops(mio)) == 1


@pytest.mark.requirement(28)
def test_an_undoing_cannot_be_undone_by_link() -> None:
    mio, thief = make_customer("mio"), fresh_email("thief")
    set_email(mio, thief)
    before = set(undo_links(thief))
    press(undo_links(mio.email)[-1])
    assert set(undo_links(thief)) == before
    undoing = CredentialChange.objects.filter(user=mio.user, kind="email_changed").latest("pk")
    assert undoing.new_value == mio.email
    forged = undo_url(undoing, thief).split("/undo/")[1]
    assert press(f"/undo/{forged}").status_code == 410
    assert User.objects.get(pk=mio.user.pk).email == mio.email


@pytest.mark.requirement(28)
def test_a_second_change_does_not_hide_the_first_owner() -> None:
    mio, first, second = make_customer("mio"), fresh_email("thief1"), fresh_email("thief2")
    set_email(mio, first)
    set_email(mio, second)
    press(undo_links(mio.email)[-1])
    assert User.objects.get(pk=mio.user.pk).email == mio.email


def test_an_address_that_is_taken_meanwhile_is_left_to_the_desk() -> None:
    mio = make_customer("mio")
    set_email(mio, fresh_email("thief"))
    make_customer("ken", email=mio.email)
    page = press(undo_links(mio.email)[-1])
    assert page.status_code == 200
    assert ChangeUndo.objects.get(user=mio.user).restored == ["email_taken"]
    assert len(stops(mio)) == 1


@pytest.mark.requirement(28)
def test_a_changed_password_opens_nothing_afterwards() -> None:
    mio = make_customer("mio")
    set_password(mio)
    press(undo_links(mio.email)[-1])
    user = User.objects.get(pk=mio.user.pk)
    assert not user.has_usable_password()
    client = anonymous_client()
    for password in (PASSWORD, "the thief's own long password"):
        client.post(
            reverse("accounts:sign_in"),
            {"sign_in_view-current_step": "auth", "auth-email": mio.email, "auth-password": password},
        )
        assert b"token-code" not in client.get(reverse("accounts:sign_in")).content


@pytest.mark.requirement(28)
def test_a_removed_app_comes_back_with_its_seed() -> None:
    mio = make_customer("mio")
    with recorded(THIEF):
        TotpDevice.objects.create(user=mio.user, name="Thief", confirmed=True, seed=new_seed())
    device = TotpDevice.objects.get(user=mio.user, name="Phone")
    actor = Actor(kind="customer", user_id=mio.user.pk, verified_at=timezone.now())
    remove_factor(device, actor=actor)
    press(undo_links(mio.email)[-1])
    restored = TotpDevice.objects.get(user=mio.user, name="Phone")
    assert (restored.pk, restored.seed, restored.created_at) == (device.pk, mio.seed, device.created_at)
    assert restored.public_id == device.public_id
    check_code(mio.user, totp_now(mio), actor=mio.actor)


@pytest.mark.requirement(28)
def test_an_added_app_and_added_codes_are_taken_away() -> None:
    mio = make_customer("mio")
    with recorded(THIEF):
        TotpDevice.objects.create(user=mio.user, name="Thief", confirmed=True, seed=new_seed())
    press(undo_links(mio.email)[-1])
    assert [one.name for one in TotpDevice.objects.filter(user=mio.user)] == ["Phone"]
    ken = make_customer("mio")
    with recorded(THIEF):
        write_recovery_codes(ken.user, new_recovery_codes())
    added = [m for m in mails_to(ken.email) if m.subject.startswith("New recovery codes")]
    press(link_in(added[-1], "/undo/"))
    assert not RecoveryCodeSet.objects.filter(user=ken.user).exists()


@pytest.mark.requirement(28)
def test_a_changed_app_gets_its_seed_back() -> None:
    mio = make_customer("mio")
    device = TotpDevice.objects.get(user=mio.user)
    device.seed = new_seed()
    with recorded(THIEF):
        device.save(update_fields=["seed"])
    press(undo_links(mio.email)[-1])
    assert TotpDevice.objects.get(user=mio.user).seed == mio.seed
    assert totp_code(mio.seed)


@pytest.mark.requirement(28)
def test_a_phone_number_comes_back() -> None:
    mio = make_customer("mio")
    with recorded(mio.actor):
        User.objects.filter(pk=mio.user.pk).update(phone="+819011112222")
    with recorded(THIEF):
        User.objects.filter(pk=mio.user.pk).update(phone="+819033334444")
    press(undo_links(mio.email)[-1])
    assert User.objects.get(pk=mio.user.pk).phone == "+819011112222"


@pytest.mark.requirement(28)
def test_a_link_ends_after_seven_days() -> None:
    mio = make_customer("mio")
    set_email(mio, fresh_email("thief"))
    link = undo_links(mio.email)[-1]
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert anonymous_client().get(link).status_code == 410
        assert press(link).status_code == 410
    assert not stops(mio)


@pytest.mark.requirement(28)
def test_a_cut_or_forged_link_gets_a_calm_page() -> None:
    mio = make_customer("mio")
    set_email(mio, fresh_email("thief"))
    link = undo_links(mio.email)[-1]
    token = link.removeprefix("/undo/").rstrip("/")
    for bad in (
        token[:-1],
        token[:20],
        "x",
        token + "A",
        token.swapcase(),
        "WzEsImEiXQ:" + token.split(":")[1],
    ):
        answer = press(f"/undo/{bad}/")
        assert answer.status_code == 410
        assert "0120-000-000" in answer.content.decode()
    assert not stops(mio)


@pytest.mark.requirement(28)
def test_the_link_of_a_repeated_mail_is_the_same_and_holds_no_address() -> None:
    mio = make_customer("mio")
    set_email(mio, fresh_email("thief"))
    change = CredentialChange.objects.filter(user=mio.user, kind="email_changed").get()
    assert undo_url(change, mio.email) == undo_url(change, mio.email)
    assert mio.email.split("@")[0] not in undo_url(change, mio.email)
    other = make_customer("ken")
    assert press("/undo/" + undo_url(change, other.email).split("/undo/")[1]).status_code == 410


def test_undoing_is_limited_by_network() -> None:
    client = anonymous_client()
    answers = [client.get("/undo/x/").status_code for _try in range(61)]
    assert answers[:60] == [410] * 60
    assert answers[60] == 429


def test_the_page_is_signed_in_nowhere_even_for_who_is_signed_in() -> None:
    mio, ken = make_customer("mio"), make_customer("ken")
    set_email(mio, fresh_email("thief"))
    client: Client = signed_in_client(ken)
    page = client.post(undo_links(mio.email)[-1], NOT_ME)
    assert page.status_code == 200
    assert client.get(reverse("accounts:security")).status_code == 200
    assert not stops(ken)
    assert not re.search(r"/security/", page.content.decode())


@pytest.mark.requirement(28)
def test_an_address_that_an_undo_took_away_is_told_but_can_undo_nothing_more() -> None:
    """Else a thief could stop the account, and bring an app back, each time the owner mends something."""
    mio, thief = make_customer("mio"), fresh_email("thief")
    set_email(mio, thief)
    assert press(undo_links(mio.email)[-1]).status_code == 200
    before = len(undo_links(thief))
    app = TotpDevice.objects.create(user=mio.user, name="Thief's", confirmed=True, seed=new_seed())
    with recorded(mio.actor):
        app.delete()
    removal = CredentialChange.objects.filter(user=mio.user, kind="totp_removed").latest("pk")
    assert [m for m in mails_to(thief) if "app was removed" in m.subject]
    assert len(undo_links(thief)) == before
    assert "app" in mails_to(mio.email)[-1].subject
    forged = undo_url(removal, thief).partition("/undo/")[2]
    assert anonymous_client().post(f"/undo/{forged}", NOT_ME).status_code == 410
    assert not ChangeUndo.objects.filter(change=removal).exists()
    kept = undo_url(removal, mio.email).partition("/undo/")[2]
    assert anonymous_client().get(f"/undo/{kept}").status_code == 200


@pytest.mark.requirement(28)
def test_an_address_that_came_back_can_undo_again() -> None:
    mio, other = make_customer("mio"), fresh_email("other")
    set_email(mio, other)
    press(undo_links(mio.email)[-1])
    set_email(mio, other)
    set_password(mio)
    change = CredentialChange.objects.filter(user=mio.user, kind="password_changed").latest("pk")
    token = undo_url(change, other).partition("/undo/")[2]
    assert anonymous_client().get(f"/undo/{token}").status_code == 200
