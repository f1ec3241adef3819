"""Passkeys on the pages: made, named, used and removed; whom a page tells what, and whom it refuses."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from accounts import policy, step_up
from accounts.actions.passkeys import MAXIMUM_PASSKEYS
from accounts.actions.suspensions import suspend
from accounts.models import CredentialChange, Passkey, SignIn, StepUpChallenge, TotpDevice
from tests.accounts.mails import link_in, mails_to
from tests.accounts.passkey_pages import ask, make, use
from tests.accounts.test_access import DATA
from tests.authenticator import Authenticator, with_passkey
from tests.people import (
    PASSWORD,
    Person,
    anonymous_client,
    half_signed_in_client,
    make_customer,
    make_staff,
    signed_in_client,
    wrong_code,
)
from wallet_site.actor import Actor
from wallet_site.audit.models import AuditRow

pytestmark = pytest.mark.django_db(transaction=True)

SIGN_IN = reverse("accounts:sign_in")
SECURITY = reverse("accounts:security")
STEP_UP = reverse("accounts:step_up")
ADD = reverse("accounts:passkey_add")
ALONE = {"passkey_alone": "yes"}
SECOND = {"sign_in_view-current_step": "token"}
PAY = step_up.ActionKind("tests:passkeys:pay", "Pay %(amount)s to %(payee)s")


def is_in(client: Client) -> bool:
    return client.get(SECURITY).status_code == 200


def give_password(client: Client, person: Person) -> None:
    client.post(
        SIGN_IN,
        {"sign_in_view-current_step": "auth", "auth-email": person.email, "auth-password": PASSWORD},
    )


def age(person: Person) -> None:
    SignIn.objects.filter(user=person.user).update(verified_at=F("verified_at") - timedelta(minutes=6))


@pytest.mark.requirement(8)
@pytest.mark.requirement(12)
@pytest.mark.requirement(14)
@pytest.mark.requirement(29)
@pytest.mark.requirement(31)
def test_a_passkey_is_made_told_and_ends_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    mio, phone = make_customer("mio"), Authenticator(aaguid=bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd"))
    here, there = signed_in_client(mio), signed_in_client(mio)
    before = here.session.session_key
    monkeypatch.setattr(policy, "_OPENING", timedelta())
    cooling = policy.cool_off(mio.user.pk)

    assert make(here, ADD, phone)["Location"] == SECURITY

    passkey = Passkey.objects.get(user=mio.user)
    assert (passkey.name, passkey.confirmed, passkey.last_used_at) == ("iCloud Keychain", True, None)
    assert is_in(here) and here.session.session_key != before
    assert not is_in(there)
    assert [m.subject for m in mails_to(mio.email)][-1] == "A passkey was added to your account"
    cooled = policy.cool_off(mio.user.pk)
    assert cooled is not None and cooling is not None and cooled > cooling
    page = here.get(SECURITY).content.decode()
    assert "iCloud Keychain" in page and page.count("not used yet") == 2

    fresh = anonymous_client()
    assert use(fresh, phone, SIGN_IN, **ALONE)["Location"] == reverse("payments:home")
    assert is_in(fresh)
    assert SignIn.objects.get(user=mio.user, started_at__gt=passkey.created_at).factor == "passkey"
    assert fresh.get(SECURITY).content.decode().count("not used yet") == 1, "the app"


@pytest.mark.requirement(12)
def test_without_a_fresh_proof_there_is_not_even_a_question() -> None:
    mio, phone = make_customer("mio"), Authenticator()
    client = signed_in_client(mio)
    asked = ask(client, ADD)
    age(mio)
    for data in (
        {"passkey_options": "yes"},
        {"ceremony": asked["ceremony"], "credential": phone.create(asked["options"]), "name": "x"},
    ):
        answer = client.post(ADD, data, HTTP_ACCEPT="application/json")
        assert answer["Location"].startswith(STEP_UP)
        assert "parked" not in answer["Location"], "a script's request is not sent again as a form"
    assert not Passkey.objects.filter(user=mio.user).exists()


@pytest.mark.requirement(13)
def test_a_half_authenticated_session_makes_and_proves_nothing() -> None:
    """Whatever question it has got from elsewhere: the pages' own doors are closed to it on every method."""
    mio, phone = make_customer("mio"), Authenticator()
    passkey, key = with_passkey(mio)
    whole, half = signed_in_client(mio), half_signed_in_client(mio)
    for url, answer in ((ADD, phone.create), (STEP_UP, key.get)):
        asked = ask(whole, url)
        fields = {"ceremony": asked["ceremony"], "credential": answer(asked["options"]), "name": "Mine"}
        session = half.session
        session["passkey_bearer"] = whole.session["passkey_bearer"]
        session.save()
        for method in ("post", "put", "patch", "delete"):
            refused = getattr(half, method)(url, fields if method == "post" else json.dumps(fields))
            assert refused["Location"].startswith(SIGN_IN), (url, method)
    for name in ("factor_remove", "factor_rename"):
        refused = half.post(reverse(f"accounts:{name}", args=[passkey.public_id]), DATA)
        assert refused["Location"].startswith(SIGN_IN)
    assert [one.name for one in Passkey.objects.filter(user=mio.user)] == ["Laptop"]
    assert not is_in(half)


def test_a_name_that_cannot_be_and_an_answer_that_does_not_hold_are_said_in_words() -> None:
    mio, phone = make_customer("mio"), Authenticator()
    client = signed_in_client(mio)
    for name in ("<b>", "x" * 41, "www.evil.example/a"):
        assert b'role="alert"' in make(client, ADD, phone, name=name).content
    asked = ask(client, ADD)
    page = client.post(
        ADD, {"ceremony": asked["ceremony"], "credential": phone.create(asked["options"], uv=False)}
    )
    assert "was not accepted" in page.content.decode()
    assert asked["ceremony"] not in page.content.decode(), "a question that is used up is not sent again"
    assert not Passkey.objects.filter(user=mio.user).exists()


def test_one_authenticator_is_on_file_once_for_everybody() -> None:
    mio, ken, phone = make_customer("mio"), make_customer("ken"), Authenticator()
    client = signed_in_client(mio)
    make(client, ADD, phone, name="Mine")
    asked = ask(client, ADD)
    assert len(asked["options"]["excludeCredentials"]) == 1
    assert make(client, ADD, phone).status_code == 409
    other = signed_in_client(ken, language="ja")
    assert make(other, ADD, phone).status_code == 409
    assert Passkey.objects.get(credential_id=phone.credential_id).user == mio.user


def test_ten_are_enough() -> None:
    mio = make_customer("mio")
    client = signed_in_client(mio)
    for _number in range(MAXIMUM_PASSKEYS):
        with_passkey(mio)
    client = signed_in_client(mio)
    answer = client.post(ADD, {"passkey_options": "yes"}, HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": "Remove one that you no longer use first."},
    )


@pytest.mark.requirement(14)
def test_each_factor_has_a_name_of_its_owners() -> None:
    mio = make_customer("mio")
    passkey, _device = with_passkey(mio)
    client = signed_in_client(mio)
    age(mio)
    changes = CredentialChange.objects.filter(user=mio.user).count()
    for device in (passkey, TotpDevice.objects.get(user=mio.user)):
        url = reverse("accounts:factor_rename", args=[device.public_id])
        assert device.name in client.get(url).content.decode()
        assert b'role="alert"' in client.post(url, {"name": "a/b"}).content
        assert client.post(url, {"name": "  Grandma’s   tablet "})["Location"] == SECURITY
        device.refresh_from_db()
        assert device.name == "Grandma’s tablet"
    assert AuditRow.objects.filter(action="accounts:factor:renamed", user_id=mio.user.pk).count() == 2
    assert CredentialChange.objects.filter(user=mio.user).count() == changes, "a name is no credential"


@pytest.mark.requirement(12)
@pytest.mark.requirement(14)
def test_a_passkey_is_removed_told_and_the_session_it_proved_goes_on() -> None:
    mio = make_customer("mio")
    passkey, phone = with_passkey(mio)
    client = anonymous_client()
    use(client, phone, SIGN_IN, **ALONE)
    there = signed_in_client(mio)
    url = reverse("accounts:factor_remove", args=[passkey.public_id])
    assert "Laptop" in client.get(url).content.decode()
    assert client.post(url)["Location"] == SECURITY
    assert is_in(client)
    assert not is_in(there)
    assert mails_to(mio.email)[-1].subject == "A passkey was removed from your account"
    assert use(anonymous_client(), phone, SIGN_IN, **ALONE).status_code == 200
    assert client.post(url).status_code == 404
    last = reverse("accounts:factor_remove", args=[TotpDevice.objects.get(user=mio.user).public_id])
    assert "last second factor" in client.get(last).content.decode()
    assert client.post(last).status_code == 409


@pytest.mark.requirement(28)
def test_the_undo_link_takes_an_added_passkey_away_and_brings_a_removed_one_back() -> None:
    mio = make_customer("mio")
    with_passkey(mio, name="Thief")
    added = [m for m in mails_to(mio.email) if m.subject == "A passkey was added to your account"][-1]
    anonymous_client().post(link_in(added, "/undo/"), {"not_me": "on"})
    assert not Passkey.objects.filter(user=mio.user).exists()

    aya = make_customer("mio")
    passkey, _phone = with_passkey(aya, sign_count=5)
    client = signed_in_client(aya)
    client.post(reverse("accounts:factor_remove", args=[passkey.public_id]))
    removed = [m for m in mails_to(aya.email) if m.subject == "A passkey was removed from your account"][-1]
    anonymous_client().post(link_in(removed, "/undo/"), {"not_me": "on"})
    assert not is_in(client)
    back = Passkey.objects.get(user=aya.user)
    for name in ("pk", "public_id", "name", "credential_id_sha256", "sign_count", "created_at", "transports"):
        assert getattr(back, name) == getattr(passkey, name), name
    assert bytes(back.public_key) == bytes(passkey.public_key)


@pytest.mark.requirement(7)
@pytest.mark.requirement(32)
def test_a_passkey_is_a_second_factor_and_no_first_one_at_the_second_step() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    client = anonymous_client()
    refused = client.post(SIGN_IN, {"passkey_options": "yes"} | SECOND, HTTP_ACCEPT="application/json")
    assert refused["Location"].startswith(SIGN_IN), "no password, no question"
    give_password(client, aya)
    before = client.session.session_key
    assert use(client, phone, SIGN_IN, "token-", **SECOND)["Location"] == reverse("payments:home")
    assert is_in(client) and client.session.session_key != before
    assert SignIn.objects.get(user=aya.user, ended_at=None).factor == "passkey"


@pytest.mark.requirement(16)
@pytest.mark.requirement(17)
def test_whoever_has_the_password_cannot_lock_the_owners_passkey_out() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    thief = anonymous_client()
    give_password(thief, aya)
    for _number in range(11):
        answer = thief.post(SIGN_IN, SECOND | {"token-code": wrong_code(aya)})
    assert answer.status_code == 429
    give_password(thief, aya)
    owner = anonymous_client()
    give_password(owner, aya)
    assert use(owner, phone, SIGN_IN, "token-", **SECOND).status_code == 302
    assert is_in(owner)
    again = anonymous_client()
    use(again, phone, SIGN_IN, **ALONE)
    assert is_in(again)


@pytest.mark.requirement(34)
def test_a_stopped_account_is_told_so_after_the_passkey_only() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    suspend(
        aya.user, scope="all", reason_code="fraud", reason="x", channel="agent", actor=Actor.system("tests")
    )
    client = anonymous_client()
    assert use(client, phone, SIGN_IN, **ALONE).status_code == 403
    assert not is_in(client)


@pytest.mark.requirement(38)
def test_staff_come_in_by_passkey_to_the_desk_only() -> None:
    rin = make_staff("rin")
    _passkey, phone = with_passkey(rin)
    client = anonymous_client()
    assert use(client, phone, f"{SIGN_IN}?next=/security/", **ALONE)["Location"] == reverse("admin:index")


@pytest.mark.requirement(32)
@pytest.mark.requirement(36)
def test_a_passkey_is_a_fresh_proof_under_a_new_session_id() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    client = signed_in_client(aya)
    age(aya)
    before = client.session.session_key
    assert use(client, phone, STEP_UP, next=ADD)["Location"] == ADD
    assert client.session.session_key != before
    assert client.get(ADD).status_code == 200


@pytest.mark.requirement(36)
def test_a_passkey_confirms_exactly_what_the_page_shows() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    client = signed_in_client(aya)
    sign_in = SignIn.objects.get(user=aya.user, ended_at=None)
    actor = Actor(kind="customer", user_id=aya.user.pk, session_id=str(sign_in.public_id))
    challenges = []
    for amount in (5000, 900_000):
        with pytest.raises(step_up.StepUpRequired) as refused:
            step_up.require_for(actor, PAY.of(amount_minor=amount, payee="shop:h", payee_shown="H"))
        challenges.append(refused.value.extra["step_up"]["challenge"])
    small, large = (f"{STEP_UP}?challenge={one}" for one in challenges)
    asked = ask(client, small)
    fields = {"ceremony": asked["ceremony"], "credential": phone.get(asked["options"])}
    assert client.post(large, fields).status_code == 200, "signed for another amount"
    assert client.post(small, fields).status_code == 302, "and not used up by that"
    proven = {str(one.public_id): one.proven_by for one in StepUpChallenge.objects.filter(user=aya.user)}
    assert proven == {challenges[0]: "passkey", challenges[1]: ""}


@pytest.mark.requirement(44)
def test_a_question_put_to_one_browser_is_answered_by_no_other() -> None:
    aya = make_customer("aya")
    _passkey, phone = with_passkey(aya)
    victim, thief = anonymous_client(), anonymous_client()
    asked = ask(victim, SIGN_IN, **ALONE)
    fields = ALONE | {"ceremony": asked["ceremony"], "credential": phone.get(asked["options"])}
    thief.get(SIGN_IN)
    assert thief.post(SIGN_IN, fields).status_code == 200
    assert not is_in(thief)
    victim.post(SIGN_IN, fields)
    assert is_in(victim)
    again = anonymous_client()
    again.cookies["session"] = victim.cookies["session"].value
    victim.post(reverse("accounts:sign_out"))
    assert not is_in(again)
