"""Look-alikes of an address on every page that takes one; and a phone whose clock is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import (
    ContactChange,
    LockRequest,
    NoticeAddress,
    PasswordReset,
    RecoveryAsk,
    SignIn,
    SignUp,
    TotpDevice,
    User,
)
from tests.people import PASSWORD, Person, anonymous_client, make_customer, signed_in_client, totp_code
from wallet_site.outbox.models import Event

pytestmark = pytest.mark.django_db

TWINS: dict[str, Callable[[str], str]] = {
    "Cyrillic letters": lambda email: email.replace("a", "\u0430"),
    "full-width at sign": lambda email: email.replace("@", "\uff20"),
    "full-width letters": lambda email: email.replace("a", "\uff41"),
    "a letter with an accent": lambda email: email.replace("a", "a\u0301", 1),
    "nothing to be seen": lambda email: email.replace("@", "\u200b@"),
    "another full stop": lambda email: email.replace(".com", "\u3002com"),
    "a turned direction": lambda email: "\u202e" + email,
    "a domain of another script": lambda email: email.replace("x", "\u0445"),
}
WRITTEN = (ContactChange, Event, LockRequest, NoticeAddress, PasswordReset, RecoveryAsk, SignUp, User)
PAGES = {
    "accounts:sign_up": ("email", False),
    "accounts:reset": ("email", False),
    "accounts:lock": ("email", False),
    "accounts:recovery_ask": ("email", False),
    "accounts:change_email": ("new_email", True),
    "accounts:change_notice_email": ("email", True),
}


@pytest.mark.requirement(20)
@pytest.mark.parametrize("page", PAGES)
def test_a_twin_of_an_address_begins_nothing_and_sends_nothing(page: str) -> None:
    aya, (name, signed_in) = make_customer("aya"), PAGES[page]
    client = signed_in_client(make_customer("ken")) if signed_in else anonymous_client()
    before = [model.objects.count() for model in WRITTEN]
    for what, twin in TWINS.items():
        typed = twin(aya.email)
        assert typed != aya.email, what
        client.post(reverse(page), {name: typed})
        assert [model.objects.count() for model in WRITTEN] == before, what


@pytest.mark.requirement(20)
def test_a_twin_signs_nobody_in() -> None:
    aya = make_customer("aya")
    for what, twin in TWINS.items():
        answer = prove_password(anonymous_client(), twin(aya.email))
        assert b'name="token-code"' not in answer.content, what


def prove_password(client: Client, email: str):
    form = {"sign_in_view-current_step": "auth", "auth-email": email, "auth-password": PASSWORD}
    return client.post(reverse("accounts:sign_in"), form)


def signs_in(person: Person, *, seconds_off: float) -> bool:
    """Whether a phone whose clock is so many seconds off gets in with the code that it shows."""
    TotpDevice.objects.filter(user=person.user).update(last_step=-1)
    client = anonymous_client()
    prove_password(client, person.email)
    code = totp_code(person.seed, at=time.time() + seconds_off)
    client.post(reverse("accounts:sign_in"), {"sign_in_view-current_step": "token", "token-code": code})
    ended = SignIn.objects.filter(user=person.user, ended_at=None)
    found = ended.exists()
    SignIn.objects.filter(user=person.user).update(ended_at="2026-01-01T00:00Z")
    return found


@pytest.mark.requirement(9)
def test_a_phone_may_be_half_a_minute_off_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a step, so that the neighbouring steps are exactly the codes before and after."""
    aya = make_customer("aya")
    now = (time.time() // 30) * 30 + 15
    monkeypatch.setattr(time, "time", lambda: now)
    assert [signs_in(aya, seconds_off=off) for off in (-30, 0, 30)] == [True, True, True]
    assert [signs_in(aya, seconds_off=off) for off in (-90, -60, 60, 90)] == [False] * 4
