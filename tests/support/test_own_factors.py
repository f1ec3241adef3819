"""Staff look after their own factors at the desk: after a fresh proof, told to their address, and only their own."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.urls import reverse

from accounts.models import CredentialChange, Passkey, RecoveryCode, SignIn, TotpDevice, User
from tests.accounts.mails import link_in, mails_to
from tests.accounts.passkey_pages import ask, make, use
from tests.authenticator import Authenticator, with_passkey
from tests.people import (
    Person,
    anonymous_client,
    half_signed_in_client,
    make_customer,
    make_staff,
    signed_in_client,
    totp_code,
    totp_now,
)
from tests.support.desk import agent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement(38)]

OWN, ADD_PASSKEY, ADD_APP, CODES = (
    reverse(f"admin:{name}") for name in ("own", "own_passkey_add", "own_totp_add", "own_recovery_codes")
)
SIGN_IN, STEP_UP = reverse("accounts:sign_in"), reverse("accounts:step_up")


def page_of(name: str, public_id: Any) -> str:
    return reverse(f"admin:own_factor_{name}", args=[public_id])


def age(person: Person) -> None:
    SignIn.objects.filter(user=person.user).update(verified_at=F("verified_at") - timedelta(minutes=6))


def subjects(person: Person) -> list[str]:
    return [str(one.subject) for one in mails_to(person.email)]


@pytest.mark.requirement(12, 31, 36)
def test_a_passkey_is_added_after_a_fresh_proof_told_and_opens_the_desk() -> None:
    rin, phone = make_staff("rin", groups=["agent"], language="en"), Authenticator()
    here, there = signed_in_client(rin), signed_in_client(rin)
    age(rin)
    asked = here.post(ADD_PASSKEY, {"passkey_options": "yes"}, HTTP_ACCEPT="application/json")
    assert asked["Location"].startswith(STEP_UP), "not even a question"
    proven = here.post(asked["Location"], {"code": totp_now(rin), "next": ADD_PASSKEY})
    assert proven["Location"] == ADD_PASSKEY
    assert "Add a passkey" in here.get(OWN).content.decode()

    before = here.session.session_key
    assert make(here, ADD_PASSKEY, phone, name="Desk laptop")["Location"] == OWN

    assert here.get(OWN).status_code == 200 and here.session.session_key != before
    assert there.get(OWN).status_code == 302
    assert subjects(rin)[-1] == "A passkey was added to your account"
    assert "Desk laptop" in here.get(OWN).content.decode()
    new = anonymous_client()
    assert use(new, phone, SIGN_IN, passkey_alone="yes")["Location"] == reverse("admin:index")
    assert new.get(reverse("admin:index")).status_code == 200
    age(rin)
    app = TotpDevice.objects.get(user=rin.user)
    removal = page_of("remove", app.public_id)
    waiting = new.post(removal)
    assert waiting["Location"].startswith(STEP_UP) and "parked=" in waiting["Location"]
    assert TotpDevice.objects.filter(pk=app.pk).exists()
    assert use(new, phone, waiting["Location"]).status_code == 302
    assert new.post(removal)["Location"] == OWN
    assert subjects(rin)[-1] == "An authenticator app was removed from your account"
    last = page_of("remove", Passkey.objects.get(user=rin.user).public_id)
    assert "last second factor" in new.get(last).content.decode()
    assert new.post(last).status_code == 409
    assert Passkey.objects.filter(user=rin.user).exists()


@pytest.mark.requirement(10, 14)
def test_an_app_a_name_and_new_recovery_codes() -> None:
    rin = make_staff("rin", language="en")
    client = signed_in_client(rin)
    seed = re.search(r'data-copies="([A-Z2-7]{32})"', client.get(ADD_APP).content.decode())
    assert seed
    assert client.post(ADD_APP, {"name": "Spare", "code": totp_code(seed[1])})["Location"] == OWN
    spare = TotpDevice.objects.get(user=rin.user, name="Spare")
    assert client.post(page_of("rename", spare.public_id), {"name": "Drawer"})["Location"] == OWN
    assert "Drawer" in client.get(OWN).content.decode()
    assert client.post(CODES)["Location"] == CODES
    shown = re.findall(r"<code>([A-Z2-7-]{19})</code>", client.get(CODES).content.decode())
    assert len(shown) == 10 and not set(shown) & set(rin.recovery_codes)
    assert client.post(CODES, {"saved": "yes"})["Location"] == OWN
    assert "<code>" not in client.get(CODES).content.decode()
    assert RecoveryCode.objects.filter(code_set__user=rin.user, used_at=None).count() == 10
    told = subjects(rin)
    assert [one for one in told if "added" in one or "made" in one] == [
        "An authenticator app was added to your account", "New recovery codes were made for your account",
    ]  # fmt: skip


@pytest.mark.requirement(13, 44)
def test_nobody_else_and_nobody_without_a_factor_touches_them() -> None:
    rin, sota = agent(), make_staff("sota", factor=False, superuser=True)
    passkey, _phone = with_passkey(rin)
    changes = CredentialChange.objects.count()
    for stranger, status in (
        (half_signed_in_client(sota), 302), (half_signed_in_client(rin), 302), (anonymous_client(), 302),
        (signed_in_client(make_customer("aya")), 404), (signed_in_client(agent("tsubasa")), 404),
    ):  # fmt: skip
        for name in ("rename", "remove"):
            for method in ("get", "post", "put", "patch", "delete"):
                answer = getattr(stranger, method)(page_of(name, passkey.public_id))
                refused = {status, 405} if status == 404 else {status}
                assert answer.status_code in refused, (name, method)
                assert status == 404 or answer["Location"].startswith(SIGN_IN)
    for add in (ADD_PASSKEY, ADD_APP, CODES):
        answer = half_signed_in_client(sota).post(add, {"passkey_options": "yes", "name": "x", "code": "1"})
        assert answer["Location"].startswith(SIGN_IN)
    assert not Passkey.objects.filter(user=sota.user).exists()
    passkey.refresh_from_db()
    assert (passkey.name, passkey.user) == ("Laptop", rin.user)
    assert (
        CredentialChange.objects.count() - changes
        == CredentialChange.objects.filter(
            user__email__startswith="aya", pk__gt=0, at__gt=passkey.created_at
        ).count()
        + CredentialChange.objects.filter(
            user__email__startswith="tsubasa", at__gt=passkey.created_at
        ).count()
    )
    assert signed_in_client(rin).get(page_of("remove", uuid.uuid4())).status_code == 404


@pytest.mark.requirement(28)
def test_the_link_in_the_notice_takes_a_thiefs_passkey_away_and_stops_the_account() -> None:
    rin = make_staff("rin", groups=["agent"], language="en")
    client = signed_in_client(rin)
    make(client, ADD_PASSKEY, Authenticator(), name="Thief")
    added = [m for m in mails_to(rin.email) if m.subject == "A passkey was added to your account"][-1]
    anonymous_client().post(link_in(added, "/undo/"), {"not_me": "on"})
    assert not Passkey.objects.filter(user=rin.user).exists()
    assert client.get(reverse("admin:index")).status_code == 302


def test_the_question_of_one_browser_is_answered_by_no_other() -> None:
    rin, phone = agent(), Authenticator()
    here, there = signed_in_client(rin), signed_in_client(rin)
    asked = ask(here, ADD_PASSKEY)
    given = {"ceremony": asked["ceremony"], "credential": phone.create(asked["options"]), "name": "x"}
    assert b"errornote" in there.post(ADD_PASSKEY, given).content
    assert not Passkey.objects.filter(user=User.objects.get(pk=rin.user.pk)).exists()
