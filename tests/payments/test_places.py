"""Prefectures, and how far apart they are."""

from __future__ import annotations

from itertools import combinations

import pytest

from payments.places import SEATS, km_between, prefecture_of


def test_there_are_forty_seven_and_each_is_told_from_an_address() -> None:
    assert len(SEATS) == 47
    assert all(prefecture_of(f"{name}中央1-2-3") == name for name in SEATS)
    assert prefecture_of("") == prefecture_of("Shibuya, Tokyo") == prefecture_of("都京東") == ""


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ("東京都", "大阪府", 400),
        ("東京都", "北海道", 830),
        ("東京都", "沖縄県", 1_560),
        ("東京都", "神奈川県", 27),
    ],
)
def test_known_distances(one: str, other: str, km: int) -> None:
    distance = km_between(one, other)
    assert distance is not None and abs(distance - km) < km * 0.05
    assert distance == km_between(other, one)


def test_distances_are_those_of_one_country() -> None:
    distances = [km_between(one, other) or 0 for one, other in combinations(SEATS, 2)]
    assert min(distances) > 0 and max(distances) < 2_500
    assert km_between("東京都", "東京都") == 0
    assert {km_between("東京都", ""), km_between("月", "東京都")} == {None}
