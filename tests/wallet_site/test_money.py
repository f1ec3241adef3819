"""Amounts are whole minor units; what people type is read exactly or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_site.errors import InvalidInput
from wallet_site.money import LARGEST_MINOR, format_money, parse_amount


@pytest.mark.parametrize(
    ("minor", "signed", "text"),
    [
        (0, True, "¥0"),
        (842, False, "¥842"),
        (-842, False, "\u2212¥842"),
        (3200, True, "+¥3,200"),
        (-45000, True, "\u2212¥45,000"),
        (128450, False, "¥128,450"),
    ],
)
def test_yen_are_grouped_and_the_minus_is_a_true_one(minor: int, signed: bool, text: str) -> None:
    assert format_money(minor, signed=signed) == text


def test_a_currency_with_cents_keeps_them() -> None:
    assert format_money(-120505, "USD") == "\u2212$1,205.05"


@given(st.integers(min_value=1, max_value=LARGEST_MINOR))
def test_what_is_shown_can_be_typed_again(amount: int) -> None:
    assert parse_amount(format_money(amount)) == amount


@pytest.mark.parametrize(
    ("text", "minor"), [("3000", 3000), (" 3,000 ", 3000), ("¥3,000", 3000), ("３０００円", 3000), ("001", 1)]
)
def test_the_ways_people_write_yen(text: str, minor: int) -> None:
    assert parse_amount(text) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-5",
        "\u22125",
        "1.5",
        "1e3",
        "abc",
        "9" * 16,
        "9223372036854775808",
        "1 000",
        "٣٠",
        "NaN",
        "0x10",
    ],
)
def test_anything_else_is_refused_with_a_pointer(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_amount(text, pointer="/amount")
    assert [error.pointer for error in refused.value.errors] == ["/amount"]


def test_an_unknown_currency_is_a_bug_not_a_guess() -> None:
    with pytest.raises(KeyError):
        format_money(1, "XXX")
