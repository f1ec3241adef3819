"""Which passwords are refused, and that the rest are not."""

from __future__ import annotations

import pytest

from accounts.models import User
from accounts.password_rules import refuse_weak
from wallet_site.errors import InvalidInput

AYA = User(email="aya.sato@example.com", full_name="Aya Sato-Kimura", phone="+819012345678")


@pytest.mark.requirement(3)
@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd!!!!",
        "passwordpassword",
        "qwertyuiop12",
        "123456789012",
        "210987654321",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "abcdefghijklmn",
        "1qaz2wsx3edc",
        "iloveyou!2024",
        "aya.sato@example.com",
        "Sato-Kimura-2024",
        "819012345678",
        "kakehashi2024!",
        "kakehashi-wallet-1",
        "mywallet1234",
    ],
)
def test_guessable_ones_are_refused(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        refuse_weak(password, AYA)
    assert refusal.value.errors
    assert {error.pointer for error in refusal.value.errors} == {"/password"}


@pytest.mark.requirement(1)
@pytest.mark.requirement(2)
@pytest.mark.parametrize(
    "password",
    [
        "a quiet harbour at dawn",
        "onlylowercaseletters",
        "  spaces around stay  ",
        "橋の上で風に吹かれて夜を待つ",
        "739 Kan 026 Abe 1582",
        "🦊🐢🦉🐙🐝🦔🐳🦋🐌🦎🐞🦀",
        "x" + "k3Fh!vTq" * 8,
        "kakehashi over the misty river",
    ],
)
def test_no_composition_is_asked(password: str) -> None:
    refuse_weak(password, AYA)
