"""The range look-up of leaked passwords: what it is told, what it refuses, and that it fails closed."""

from __future__ import annotations

import hashlib

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.password_rules import refuse_weak
from tests.fake_http import Answer, fake_server
from wallet_site.errors import InvalidInput, Unavailable

LEAKED = "a quiet harbour at dawn"
SHA1 = hashlib.sha1(LEAKED.encode(), usedforsecurity=False).hexdigest().upper()
NOISE = "0018A45C4D1DEF81644B54AB7F969B88D65:12\r\n"


def ask(password: str = LEAKED) -> None:
    refuse_weak(password, User(email="aya@example.com", full_name="Aya Sato"))


@pytest.mark.requirement(3)
def test_a_leaked_one_is_refused_and_only_five_characters_of_its_hash_are_told(
    settings: Settings,
) -> None:
    body = f"{NOISE}{SHA1[5:]}:3730471\r\n".encode()
    with fake_server(Answer(body=body)) as service:
        settings.BREACHED_PASSWORDS_URL = f"{service.url}/range/"
        with pytest.raises(InvalidInput) as refusal:
            ask()
        ask("seven lanterns on a bridge")
    assert [error.code for error in refusal.value.errors] == ["weak-password"]
    assert service.asked[0].path == f"/range/{SHA1[:5]}"
    assert service.asked[0].headers["Add-Padding"] == "true"
    told = f"{service.asked[0].headers}{service.asked[0].body!r}"
    assert SHA1[5:] not in told
    assert LEAKED not in told


@pytest.mark.requirement(3)
def test_padding_is_no_leak(settings: Settings) -> None:
    with fake_server(Answer(body=f"{NOISE}{SHA1[5:]}:0\r\n".encode())) as service:
        settings.BREACHED_PASSWORDS_URL = f"{service.url}/range/"
        ask()
    assert len(service.asked) == 1


@pytest.mark.requirement(3, 46)
@pytest.mark.parametrize("status", [500, 429, 302, None])
def test_a_service_that_cannot_be_asked_lets_nothing_through(settings: Settings, status: int | None) -> None:
    with fake_server(Answer(status=status or 200)) as service:
        settings.BREACHED_PASSWORDS_URL = f"{service.url}/range/"
        if status is not None:
            with pytest.raises(Unavailable):
                ask()
    if status is None:
        with pytest.raises(Unavailable):
            ask()


def test_without_a_service_nobody_is_asked(settings: Settings) -> None:
    settings.BREACHED_PASSWORDS_URL = ""
    ask()
