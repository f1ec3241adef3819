"""Flipping switches in tests. Nothing is rolled back: whoever pulls one uses the fixture `switchboard`."""

from __future__ import annotations

from support.actions import approvals, switches
from support.models import Approval
from tests.people import Person, make_staff
from tests.support.desk import supervisor
from wallet_site.switches.asking import pulled_names
from wallet_site.switches.models import Flip


def analyst(name: str = "mei") -> Person:
    return make_staff(name, groups=["fraud_analyst"])


def pull(name: str, *, by: Person | None = None) -> Flip:
    return switches.pull_switch(name, reason="seen by a test", actor=(by or analyst()).actor)  # type: ignore[arg-type]


def ask(name: str, *, by: Person | None = None) -> Approval:
    return switches.ask_to_release(name, reason="all is well", actor=(by or analyst()).actor)  # type: ignore[arg-type]


def release(name: str) -> None:
    """By two fresh people, as it has to be."""
    waiting = Approval.objects.filter(kind="release_switch", facts__switch=name, state="waiting").first()
    approvals.approve(waiting or ask(name), reason="agreed", actor=supervisor("shun").actor)


def release_all() -> None:
    for name in pulled_names():
        release(name)
