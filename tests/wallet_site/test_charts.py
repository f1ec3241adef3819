"""The bar chart's geometry: what is drawn is what is said."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from wallet_site.charts import BOTTOM, HEIGHT, TOP, WIDTH, bar_chart

BASE_LINE = HEIGHT - BOTTOM


@given(st.lists(st.integers(min_value=-(10**9), max_value=10**12), max_size=24))
def test_every_bar_stands_on_the_base_line_inside_the_picture(amounts: list[int]) -> None:
    chart = bar_chart([(str(index), amount) for index, amount in enumerate(amounts)])
    assert [bar.amount_minor for bar in chart.bars] == amounts
    for bar in chart.bars:
        assert bar.y + bar.height == pytest.approx(BASE_LINE)
        assert bar.y >= TOP
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH


def test_twice_the_amount_is_twice_the_height() -> None:
    small, large = bar_chart([("Jun", 20_000), ("Jul", 40_000)]).bars
    assert large.height == pytest.approx(2 * small.height)


def test_the_last_bar_is_the_current_one_unless_said_otherwise() -> None:
    months = [("Jun", 1), ("Jul", 2), ("Aug", 3)]
    assert [bar.is_current for bar in bar_chart(months).bars] == [False, False, True]
    assert [bar.is_current for bar in bar_chart(months, current=0).bars] == [True, False, False]


@pytest.mark.parametrize(
    ("language", "labels"),
    [("en", ["0", "25k", "50k", "75k", "100k"]), ("ja", ["0", "2.5万", "5万", "7.5万", "10万"])],
)
def test_the_axis_counts_in_round_steps_as_the_language_does(language: str, labels: list[str]) -> None:
    with translation.override(language):
        assert [line.label for line in bar_chart([("Nov", 88_400)]).lines] == labels


def test_nothing_spent_is_a_chart_without_bars() -> None:
    chart = bar_chart([])
    assert chart.bars == ()
    assert [line.label for line in chart.lines] == ["0", "10", "20", "30", "40"]
