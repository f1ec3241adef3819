"""The digits of one-time codes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from payments.one_time_codes import (
    LENGTH,
    OPERATOR_ID,
    RANDOM_DIGITS,
    check_digit,
    draw,
    grouped,
    is_well_formed,
    plain,
)

CODES = (
    st.integers(0, 10**RANDOM_DIGITS - 1)
    .map(lambda n: OPERATOR_ID + f"{n:0{RANDOM_DIGITS}d}")
    .map(lambda body: body + check_digit(body))
)


def test_a_code_is_hard_to_guess_and_easy_to_scan() -> None:
    assert 10**RANDOM_DIGITS > 2**60
    assert LENGTH % 2 == 0
    drawn = {draw() for _ in range(500)}
    assert len(drawn) == 500
    assert all(is_well_formed(code) and len(code) == LENGTH for code in drawn)


@given(CODES)
def test_grouping_loses_nothing(code: str) -> None:
    assert plain(grouped(code)) == code and is_well_formed(code)


@given(CODES, st.integers(0, LENGTH - 1), st.integers(1, 9))
def test_one_wrong_digit_is_seen(code: str, place: int, by: int) -> None:
    wrong = str((int(code[place]) + by) % 10)
    assert not is_well_formed(code[:place] + wrong + code[place + 1 :])


@given(st.text(max_size=40))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert is_well_formed(plain(text)) in (True, False)
