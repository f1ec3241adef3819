"""The faults that money has to survive, by number; tests name them by `@pytest.mark.money(number)`.

`make requirements` prints them with their tests below the requirements of security.
"""

from __future__ import annotations

from collections.abc import Mapping

FAULTS: Mapping[int, str] = {
    1: "Random movements against a model: sums, chain and floors after each step",
    2: "The same on four connections: the end is that of some serial order",
    3: "Many payments race for funds that serve few",
    4: "The same key many ways; with another body; by another customer",
    5: "The answer is lost after the commit, the client asks again: one charge",
    6: "kill -9 of PostgreSQL under load loses nothing that was acknowledged",
    7: "kill -9 of web and worker between each pair of steps of a top-up",
    8: "The broker delivers a task twice and out of order",
    9: "The processor's answer is lost after charging: unknown, settled by look-up",
    10: "The request is lost before charging: no credit, and no charge later",
    11: "A webhook before the answer, twice, late, forged, stale",
    12: "3-D Secure abandoned, failed, completed twice, completed after its time",
    13: "Limits in parallel, at the turn of day and month in Tokyo, after failed charges",
    14: "A one-time code at two terminals, expired, revoked, guessed, used again",
    15: "Refunds in parallel, to a frozen or closed wallet, after settlement",
    16: "Captures above the hold, twice, against its end, of a refused one",
    17: "A freeze against a payment: after it has answered nothing leaves",
    18: "Approving one's own, by page, action, SQL; what was asked altered after",
    19: "A settlement file with a missing, extra, double, altered, late line",
    20: "Amounts of zero, below, in fractions, beyond, as text, in another currency",
    21: "A guard taken away is found out",
}
