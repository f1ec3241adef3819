"""`make requirements` says what the tests prove, and what they do not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.requirement_table import OWED, REQUIREMENTS, faults, table
from wallet_site.local.places import ROOT

EVERYTHING = {number: {f"tests/test_x.py::test_{number}"} for number in REQUIREMENTS}


def test_there_are_the_forty_six() -> None:
    assert list(REQUIREMENTS) == list(range(1, 47))


@pytest.mark.parametrize("number", REQUIREMENTS)
def test_a_number_without_a_test_is_a_fault_whoever_owes_it(number: int) -> None:
    assert faults(EVERYTHING) == []
    without = {n: tests for n, tests in EVERYTHING.items() if n != number}
    assert faults(without) == [f"Requirement {number} has no test."]
    assert "        -- no test" in table(without, [number]).split("\n")


def test_what_is_owed_is_said_below_its_number() -> None:
    number, debt = next(iter(OWED.items()))
    assert table(EVERYTHING, [number]).endswith(f"\n        -- owed: {debt}")


def test_a_number_that_there_is_not_is_a_fault() -> None:
    assert faults(EVERYTHING | {47: {"tests/test_x.py::test_y"}}) == [
        "47 is no requirement: ['tests/test_x.py::test_y']"
    ]


def test_one_number_can_be_asked_for() -> None:
    shown = table(EVERYTHING, [17]).split("\n")
    assert shown[1] == "Guessing and stuffing"
    assert shown[2].startswith("  17  Ten guesses an hour")
    assert shown[3:] == ["        tests/test_x.py::test_17"]


@pytest.mark.timeout(600)
def test_the_suite_has_a_test_for_every_number_and_names_none_that_there_is_not() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.requirement_table"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "tests/accounts/two_factor/test_codes.py::test_one_totp_code_in_sixty_threads" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
