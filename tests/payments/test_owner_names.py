from __future__ import annotations

import pytest

from payments.models import OwnerMatch
from payments.owner_names import compare


@pytest.mark.parametrize(
    ("customer", "card"),
    [
        ("Aya Sato", "AYA SATO"),
        ("Aya Sato", "SATO AYA"),
        ("Aya Sato", "Ms. Aya  Sato"),
        ("Aya Sato", "ＡＹＡ ＳＡＴＯ"),
        ("José Núñez", "JOSE NUNEZ"),
        ("Mary Jane Watson", "MARY J WATSON"),
        ("佐藤 彩", "佐藤彩"),
        ("ガッツ 石松", "ガッツ石松"),
    ],
)
def test_the_same_person(customer: str, card: str) -> None:
    assert compare(customer, card) is OwnerMatch.SAME


@pytest.mark.parametrize(
    ("customer", "card"),
    [
        ("Aya Sato", "KEN MORI"),
        ("Aya Sato", "AYA MORI"),
        ("Aya Sato", "A SATO"),
        ("Aya Sato", "SATO"),
        ("Aya Sato", "OTAS YAA"),
        ("佐藤 彩", "森 健"),
        ("ハル ミ", "バル ミ"),
        ("Aya Sato", ""),
        ("Aya Sato", "1234"),
        ("", "AYA SATO"),
    ],
)
def test_plainly_somebody_else(customer: str, card: str) -> None:
    assert compare(customer, card) is None


@pytest.mark.parametrize(("customer", "card"), [("佐藤 彩", "AYA SATO"), ("Aya Sato", "サトウ アヤ")])
def test_other_scripts_prove_nothing(customer: str, card: str) -> None:
    assert compare(customer, card) is OwnerMatch.INCOMPARABLE
