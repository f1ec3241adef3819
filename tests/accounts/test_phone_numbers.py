"""Numbers as people in Japan write theirs, one form for each, and none that would cost money or reach nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.phone_numbers import read_phone, show_phone
from wallet_site.errors import InvalidInput


@pytest.mark.parametrize(
    "typed",
    [
        "090-1234-5678",
        "09012345678",
        "090 1234 5678",
        "(090) 1234-5678",
        "（090）1234ー5678",
        "０９０－１２３４－５６７８",
        "+81 90-1234-5678",
        "+81(0)90-1234-5678",
        "010 81 90 1234 5678",
    ],
)
def test_every_way_of_writing_it_is_one_number(typed: str) -> None:
    assert read_phone(typed) == "+819012345678"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "not-a-number"),
        ("090-1234-567", "not-a-number"),
        ("090-1234-56789", "not-a-number"),
        ("0x90abcd", "not-a-number"),
        ("1-800-FLOWERS", "not-a-number"),
        ("090-1234-5678 ext 12", "not-a-number"),
        ("090-1234-5678\n090-9999-9999", "not-a-number"),
        ("0" * 200, "not-a-number"),
        ("03-1234-5678", "not-mobile"),
        ("0120-123-456", "not-mobile"),
        ("050-1234-5678", "not-mobile"),
        ("0990-500-123", "not-mobile"),
        ("+1 650-253-0000", "region"),
        ("+44 7911 123456", "region"),
    ],
)
def test_what_cannot_be_told_is_refused(typed: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_phone(typed)
    assert [(error.pointer, error.code) for error in refusal.value.errors] == [("/phone", code)]


def test_an_operator_may_take_numbers_of_further_regions(settings) -> None:
    settings.SMS_REGIONS = ["JP", "US"]
    assert read_phone("+1 650-253-0000") == "+16502530000"
    assert show_phone("+16502530000") == "+1 650-253-0000"


def test_it_is_shown_as_people_write_it() -> None:
    assert show_phone("+819012345678") == "090-1234-5678"
    assert show_phone("nonsense") == "nonsense"


@given(st.text(max_size=60))
def test_nothing_typed_is_stored_in_another_form_than_e164(typed: str) -> None:
    try:
        number = read_phone(typed)
    except InvalidInput:
        return
    assert number.startswith("+81")
    assert number[1:].isdigit() and number.isascii()
    assert read_phone(number) == number
