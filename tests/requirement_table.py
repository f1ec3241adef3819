"""`make requirements`: each security requirement, and the tests that prove it.

The tests say it themselves, by `@pytest.mark.requirement(number)`; this collects them and runs none. It fails when a
number has no test, whoever's it is, or when a test names a number that there is not. What a number asks for beyond its
tests, because the feature is not built, is listed as owed, by name. `n=17` shows one number alone.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from tests.money_faults import FAULTS

# The sections and numbers of the requirements.
SECTIONS: Mapping[str, Mapping[int, str]] = {
    "Passwords and sign-up": {
        1: "At least 12 characters, 64 and more allowed, none cut off; pasting works",
        2: "No composition rules, hints, security questions or forced rotation",
        3: "Breached and common passwords and words of one's own data are refused",
        4: "Changing the password asks for the current one and a fresh second factor",
        5: "No answer, status, timing or mail tells whether an account exists",
        6: "Birth date, name, phone number and address prove nothing",
    },
    "Second factor": {
        7: "Nobody reaches anything without one; enrolling one is part of signing up",
        8: "Passkeys with user verification, and TOTP; SMS and e-mail only tell",
        9: "A code works once, wrong ones are counted exactly, in parallel too",
        10: "Recovery codes: 64 bits and more, hashed, shown once, their use is told",
        11: "Seeds and other secrets are encrypted with a key that can be rotated",
        12: "Adding or removing a factor asks for a fresh proof and is told to all addresses",
        13: "A half-authenticated session can do nothing, by any method",
        14: "Several devices of each kind, named and dated; never the last without recovery",
        15: "A remembered browser never stands in for a factor",
    },
    "Guessing and stuffing": {
        16: "Counters per account, address and network; no limit keeps the owner's passkey out",
        17: "Ten guesses an hour at a second factor, a hundred in a row ever",
        18: "A right password with a wrong second factor is told, equal failures once",
        19: "A stuffing wave is one event with an alarm, and slows unknown devices only",
    },
    "Reset and recovery": {
        20: "The link goes to the address on file or nowhere, whatever the request says",
        21: "A reset needs the second factor; its link is single-use, 15 minutes, in no referrer",
        22: "The host of a link comes from settings",
        23: "A lost factor: two proofs, or two members of staff and a waiting period with vetoes",
        24: "The channel that recovered the account is never the only one told",
    },
    "Credential changes": {
        25: "Every change writes one immutable row, by a trigger, in the same transaction",
        26: "Old and new address and every other channel are told; the old one for 30 days",
        27: "The text says what, when, where, how to undo and whom to call; no secret",
        28: "The undo link acts on a deliberate press, freezes, restores, hands over nothing",
        29: "After a change limits are lower, no new card and no new payee, for 72 or 24 hours",
        30: "A new address counts once its code is entered; until then the old one stays",
        31: "After a reset or undo everything is signed out, after other changes all else",
    },
    "Sessions and tokens": {
        32: "A new session id at every authentication; 30 min and 12 h, staff 15 min and 8 h",
        33: "Customers see devices and sessions and end them; so can support",
        34: "Freezes, suspensions and revocations hold from the next request",
        35: "Opaque tokens with proof of possession, single-use refresh, families",
        36: "A fresh factor for what matters; bound to amount and payee for payments",
        37: "Passwords, resets, API and admin are equally strong",
    },
    "Staff": {
        38: "The admin only with a verified second factor, no back door",
        39: "Least privilege; personal data masked, a reveal has a reason and a quota",
        40: "Money and mass actions need a second person, never one's own",
        41: "Staff tighten alone and loosen by two",
        42: "The audit is append-only, hash-chained, verifiable, without secrets",
    },
    "Web": {
        43: "Strict headers, nothing inline, no-store when signed in; check --deploy is clean",
        44: "Every object is looked up through its owner; another's is not found",
        45: "Exports, letters and uploads carry no formula, script or header",
        46: "Every failure closes",
    },
}
# Parts of a number that no test proves because there is no such feature yet. Who builds one takes its line away.
OWED: Mapping[int, str] = {
    40: "support: mass suspensions and compensation, which are not there yet",
}
REQUIREMENTS = {number: text for section in SECTIONS.values() for number, text in section.items()}


@dataclass
class Collector:
    """Notes which test names which number: a pytest plugin."""

    tests: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    of_money: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for name, tests in (("requirement", self.tests), ("money", self.of_money)):
                for mark in item.iter_markers(name):
                    for number in mark.args:
                        tests[number].add(item.nodeid.partition("[")[0])


def collect() -> Collector:
    """The tests of each number, without running one. Raises `RuntimeError` with what pytest said where it fails."""
    collector, said = Collector(), io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider"], plugins=[collector])
    if code != pytest.ExitCode.OK:
        raise RuntimeError(said.getvalue())
    return collector


def table(
    found: Mapping[int, set[str]],
    only: Sequence[int] = (),
    *,
    sections: Mapping[str, Mapping[int, str]] = SECTIONS,
    owed: Mapping[int, str] = OWED,
) -> str:
    """The numbers with their tests, as text for people."""
    lines = []
    for section, texts in sections.items():
        shown = {number: text for number, text in texts.items() if not only or number in only}
        lines += ["", section] if shown else []
        for number, text in shown.items():
            tests = sorted(found.get(number, ()))
            lines.append(f"{number:>4}  {text}  ({len(tests)})")
            lines += [f"        {test}" for test in tests] or ["        -- no test"]
            lines += [f"        -- owed: {owed[number]}"] if number in owed else []
    return "\n".join(lines)


def faults(found: Mapping[int, set[str]]) -> list[str]:
    """What is wrong: numbers without a test, and tests or debts of numbers that there are not."""
    untested = [n for n in REQUIREMENTS if not found.get(n)]
    unknown = [f"{n!r} is no requirement: {sorted(found[n])}" for n in found if n not in REQUIREMENTS]
    unknown += [f"{n!r} is no requirement: owed" for n in OWED if n not in REQUIREMENTS]
    return [f"Requirement {n} has no test." for n in untested] + unknown


def faults_of_money(found: Mapping[int, set[str]]) -> list[str]:
    """The same of the faults that money has to survive."""
    unplayed = [f"Fault {number} is played by no test." for number in FAULTS if not found.get(number)]
    return unplayed + [f"{n!r} is no fault of money: {sorted(found[n])}" for n in found if n not in FAULTS]


def main(only: Sequence[str]) -> int:
    collected = collect()
    print(table(collected.tests, [int(one) for one in only]))
    if not only:
        print(table(collected.of_money, sections={"Faults that money survives": FAULTS}, owed={}))
    wrong = faults(collected.tests) + faults_of_money(collected.of_money)
    if wrong:
        print("\n" + "\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    os.environ.pop("PYTEST_ADDOPTS", None)
    raise SystemExit(main(sys.argv[1:]))
