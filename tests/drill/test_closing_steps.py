"""kill -9 of the worker between each pair of steps of a closing: all of it or nothing, and each card refunded once."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from payments.actions.closures import close_one
from payments.models import Claim, Closure, TopUp
from payments.tasks import close_wallets
from payments.verification import verify_books
from tests.drill.gate import Gate
from tests.drill.row_locks import until_somebody_waits, wallet_locked
from tests.payments.closing import asked_to_close, is_closed, owed, refunded_at
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import SWEEP, balance, linked_card, top_up
from tests.people import Person, make_customer
from tests.processes import Worker
from wallet_site.local.processes import wait_until

REFUND = ("POST", "/v1/refunds")
AMOUNT = 3_000

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def leaver(
    sweeper: Worker, bank: SandboxHarness, owner_connection: psycopg.Connection, settings: Settings
) -> Person:
    """Somebody with a charge, whose wait is over; the worker that will close the wallet is not started yet."""
    settings.TOP_UP_NEW_ACCOUNT = []
    aya = make_customer("aya")
    top_up(aya, linked_card(aya, bank), AMOUNT)
    asked_to_close(aya, owner_connection)
    return aya


def until_paid(person: Person, worker: Worker, bank: SandboxHarness) -> None:
    """A worker that is back ends it; its pauses are not waited for."""
    worker.start()

    def paid() -> bool:
        due = Claim.objects.filter(user=person.user, state="owed")
        due.update(check_at=timezone.now() - timedelta(days=1))
        close_wallets.apply_async(expires=5)
        return owed(person) == [("card", "closed", AMOUNT, "paid")]

    wait_until(paid, within_seconds=60, otherwise=lambda: f"{owed(person)}\n{worker.said()}")
    assert is_closed(person)
    charged = TopUp.objects.get(user=person.user)
    assert refunded_at(bank, charged.processor_reference) == AMOUNT
    assert verify_books().fault is None


def test_killed_in_the_midst_of_the_closing(
    leaver: Person, sweeper: Worker, bank: SandboxHarness, owner_connection: psycopg.Connection
) -> None:
    with wallet_locked(leaver, owner_connection):
        sweeper.start()
        close_wallets.apply_async()
        until_somebody_waits(owner_connection)
        sweeper.worker.kill()
    leaver.user.refresh_from_db()
    assert (balance(leaver), leaver.user.is_active, owed(leaver)) == (AMOUNT, True, [])
    assert Closure.objects.get(user=leaver.user).state == "waiting"
    until_paid(leaver, sweeper, bank)


@pytest.mark.parametrize("before", [True, False], ids=["before the refund", "between refund and record"])
def test_killed_while_a_card_is_refunded(
    leaver: Person, sweeper: Worker, bank: SandboxHarness, line: Gate, before: bool
) -> None:
    assert close_one(Closure.objects.get(user=leaver.user).pk, actor=SWEEP)
    refund = line.stop(*REFUND, before=before)
    sweeper.start()
    close_wallets.apply_async()
    refund.wait()
    sweeper.worker.kill()
    refund.drop()
    assert owed(leaver) == [("card", "closed", AMOUNT, "owed")]
    until_paid(leaver, sweeper, bank)
