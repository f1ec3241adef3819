"""kill -9 of the web server and of the worker between each pair of steps of one top-up: one charge, one credit.

Gates on the lines between the processes and a lock on the wallet's row stop the work at a known point; then the
process that did it is killed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import psycopg
import pytest
import time_machine
from django.utils import timezone

from payments.actions.top_up_sweep import LOST_AFTER, settle_due_top_ups
from payments.actions.top_ups import request_for
from payments.models import Card, TopUp, TopUpState
from payments.processors.base import Reason
from tests.api_client import Answer, Phone
from tests.drill.gate import Gate, behind, opened
from tests.drill.row_locks import until_somebody_waits, wallet_locked
from tests.payments.processors import harness as cards
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import SWEEP, balance, books_balance, credits_of, linked_card, make_due, top_up
from tests.people import Person, make_customer
from tests.processes import Portal, Worker
from wallet_site.local.processes import wait_until

CHARGE = ("POST", "/v1/payment_intents")
LOOK_UP = ("GET", "/v1/payment_intents/search")
AMOUNT = 3_000

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.money(7)]


# --- The web server
@dataclass
class Shop:
    """A customer whose app asks the portal for a top-up, again and again under one key."""

    portal: Portal
    person: Person
    card: Card
    phone: Phone
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    asked: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def ask(self, phone: Phone | None = None) -> Answer:
        body = {"card": str(self.card.public_id), "amount": AMOUNT, "currency": "JPY"}
        return (phone or self.phone).post("/api/v1/top-ups", body, idempotency_key=self.key)

    @contextmanager
    def killed(self, phone: Phone | None = None) -> Iterator[None]:
        """Asks; the block waits for the right moment; then the portal dies and the app gets no answer."""
        answer = self.asked.submit(self.ask, phone)
        yield
        self.portal.kill()
        assert isinstance(answer.exception(timeout=60), httpx.TransportError)

    def ask_again(self) -> str:
        """Under the same key, of a portal that is back; returns the state that is told."""
        self.portal.start()
        answer = self.ask()
        assert answer.status == 201, answer.content
        assert answer.json()["id"] == str(self.row.public_id)
        return str(answer.json()["state"])

    @property
    def row(self) -> TopUp:
        return TopUp.objects.select_related("card").get(user=self.person.user)


@pytest.fixture(scope="module")
def _portal_at_the_gate(_portal_process: Portal, _gate: Gate) -> Iterator[Portal]:
    _portal_process.kill()
    _portal_process.environment = behind(_gate)
    yield _portal_process
    _portal_process.kill()
    _portal_process.environment = {}


@pytest.fixture
def shop(
    _portal_at_the_gate: Portal, live_portal: Portal, no_worker: None, bank: SandboxHarness, line: Gate
) -> Iterator[Shop]:
    aya = make_customer("aya")
    shop = Shop(live_portal, aya, linked_card(aya, bank), Phone.signed_in(aya, url=live_portal.url))
    yield shop
    shop.asked.shutdown()


def sweep(row: TopUp, *, after: timedelta = timedelta()) -> None:
    with time_machine.travel(timezone.now() + after):
        make_due(row)
        settle_due_top_ups(SWEEP)


def charged_and_credited_once(person: Person, bank: SandboxHarness) -> bool:
    row = TopUp.objects.select_related("card").get(user=person.user)
    assert row.state == TopUpState.SUCCEEDED
    assert [charge["amount_received"] for charge in bank.charges_of(request_for(row))] == [AMOUNT]
    return credits_of(row) == [AMOUNT] and balance(person) == AMOUNT and books_balance()


def neither_charged_nor_credited(person: Person, bank: SandboxHarness) -> bool:
    row = TopUp.objects.select_related("card").get(user=person.user)
    assert (row.state, row.failure_reason) == (TopUpState.FAILED, Reason.ABANDONED)
    return not bank.charges_of(request_for(row)) and balance(person) == 0 and books_balance()


def test_killed_before_the_claim_is_written(
    shop: Shop, bank: SandboxHarness, owner_connection: psycopg.Connection
) -> None:
    """Nothing has happened: the repeat does it all."""
    with wallet_locked(shop.person, owner_connection), shop.killed():
        until_somebody_waits(owner_connection)
    assert not TopUp.objects.filter(user=shop.person.user).exists()
    assert shop.ask_again() == TopUpState.SUCCEEDED
    assert charged_and_credited_once(shop.person, bank)


def test_killed_between_claim_and_charge_the_request_lost(
    shop: Shop, bank: SandboxHarness, line: Gate
) -> None:
    """No repeat charges by itself: what is not known is asked about, and voided before it counts as failed."""
    charge = line.stop(*CHARGE, before=True)
    with shop.killed():
        charge.wait()
    assert shop.ask_again() == TopUpState.CREATED
    sweep(shop.row)
    assert shop.row.is_open, "it may still be on its way"
    sweep(shop.row, after=2 * LOST_AFTER)
    assert shop.ask_again() == TopUpState.FAILED
    charge.let_go()
    assert charge.answered == 400, "what comes this late meets its key used up"
    sweep(shop.row)
    assert neither_charged_nor_credited(shop.person, bank)


def test_killed_between_claim_and_charge_the_request_late(
    shop: Shop, bank: SandboxHarness, line: Gate
) -> None:
    charge = line.stop(*CHARGE, before=True)
    with shop.killed():
        charge.wait()
    assert shop.ask_again() == TopUpState.CREATED
    charge.let_go()
    assert charge.answered == 200
    sweep(shop.row)
    assert shop.ask_again() == TopUpState.SUCCEEDED
    assert charged_and_credited_once(shop.person, bank)


def test_killed_between_charge_and_record_settled_by_the_sweep(
    shop: Shop, bank: SandboxHarness, line: Gate
) -> None:
    charge = line.stop(*CHARGE, before=False)
    with shop.killed():
        charge.wait()
    charge.drop()
    assert shop.row.state == TopUpState.CREATED
    sweep(shop.row)
    assert shop.ask_again() == TopUpState.SUCCEEDED
    assert charged_and_credited_once(shop.person, bank)


def test_killed_between_charge_and_record_settled_by_the_processors_event(
    shop: Shop, bank: SandboxHarness, line: Gate
) -> None:
    charge = line.stop(*CHARGE, before=False)
    with shop.killed():
        charge.wait()
    charge.drop()
    shop.portal.start()
    wait_until(lambda: not shop.row.is_open, within_seconds=60, otherwise=lambda: "no event was taken")
    sweep(shop.row)
    assert shop.ask_again() == TopUpState.SUCCEEDED
    assert charged_and_credited_once(shop.person, bank)


def test_killed_in_the_midst_of_the_record(
    shop: Shop, bank: SandboxHarness, line: Gate, owner_connection: psycopg.Connection
) -> None:
    """The money's transaction is begun and not committed."""
    charge = line.stop(*CHARGE, before=False)
    with ExitStack() as lock, shop.killed():
        charge.wait()
        lock.enter_context(wallet_locked(shop.person, owner_connection))
        charge.let_go()
        until_somebody_waits(owner_connection)
    assert balance(shop.person) == 0
    sweep(shop.row)
    assert shop.ask_again() == TopUpState.SUCCEEDED
    assert charged_and_credited_once(shop.person, bank)


def test_killed_between_record_and_answer(shop: Shop, bank: SandboxHarness) -> None:
    with opened(shop.portal.url) as door:
        phone = Phone(
            url=door.url, key=shop.phone.key, access_token=shop.phone.access_token, network=shop.phone.network
        )
        answer = door.stop("POST", "/api/v1/top-ups", before=False)
        with shop.killed(phone):
            answer.wait()
            answer.drop()
    assert shop.row.state == TopUpState.SUCCEEDED
    assert shop.ask_again() == TopUpState.SUCCEEDED
    sweep(shop.row)
    assert charged_and_credited_once(shop.person, bank)


# --- The worker's sweep
def until_ended(row: TopUp, worker: Worker) -> None:
    """A worker that is back settles it; its pauses are not waited for."""
    worker.start()

    def ended() -> bool:
        make_due(row)
        return not TopUp.objects.get(pk=row.pk).is_open

    wait_until(ended, within_seconds=60, otherwise=lambda: f"{TopUp.objects.get(pk=row.pk)}\n{worker.said()}")


def left_unknown(bank: SandboxHarness, number: str) -> tuple[Person, TopUp]:
    """A top-up of two minutes ago whose answer never came."""
    aya = make_customer("aya")
    card = linked_card(aya, bank, number)
    with time_machine.travel(timezone.now() - timedelta(minutes=2)):
        row = top_up(aya, card, AMOUNT).top_up
    assert row.state == TopUpState.UNKNOWN
    return aya, row


@pytest.mark.parametrize("before", [True, False], ids=["before it has asked", "between answer and record"])
def test_worker_killed_while_it_asks(sweeper: Worker, bank: SandboxHarness, line: Gate, before: bool) -> None:
    aya, row = left_unknown(bank, cards.SLOW_THEN_SUCCEEDS)
    look_up = line.stop(*LOOK_UP, before=before)
    make_due(row)
    sweeper.start()
    look_up.wait()
    sweeper.worker.kill()
    look_up.drop()
    assert TopUp.objects.get(pk=row.pk).is_open
    until_ended(row, sweeper)
    assert charged_and_credited_once(aya, bank)


def test_worker_killed_in_the_midst_of_the_record(
    sweeper: Worker, bank: SandboxHarness, owner_connection: psycopg.Connection
) -> None:
    aya, row = left_unknown(bank, cards.SLOW_THEN_SUCCEEDS)
    with wallet_locked(aya, owner_connection):
        make_due(row)
        sweeper.start()
        until_somebody_waits(owner_connection)
        sweeper.worker.kill()
    assert balance(aya) == 0
    until_ended(row, sweeper)
    assert charged_and_credited_once(aya, bank)


@pytest.mark.parametrize("before", [True, False], ids=["before it is cancelled", "after it is cancelled"])
def test_worker_killed_between_the_halves_of_a_void(
    sweeper: Worker, bank: SandboxHarness, line: Gate, before: bool
) -> None:
    """The key is used up by a charge that waits for a confirmation which never comes: it must still be cancelled."""
    aya, row = left_unknown(bank, cards.LOST)
    cancel = line.stop("POST", "/v1/payment_intents/pi_[0-9a-f]+/cancel", before=before)
    make_due(row)
    sweeper.start()
    cancel.wait()
    sweeper.worker.kill()
    cancel.drop()
    assert TopUp.objects.get(pk=row.pk).is_open
    until_ended(row, sweeper)
    assert neither_charged_nor_credited(aya, bank)
