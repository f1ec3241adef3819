"""What tests of the books need: wallets with money, stores with tills, and many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from django.db import connections

from payments import posting
from payments.actions.merchants import TerminalCredentials, add_terminal, open_store, take_on_merchant
from payments.actions.one_time_codes import make_code
from payments.models import Account, JournalKind, Terminal
from payments.queries import wallet_of
from tests.people import Person, make_customer
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

TESTS = Actor.system("tests")
Result = TypeVar("Result")


def fresh_key(what: str = "event") -> str:
    """An event key that nothing has used."""
    return f"{what}:{uuid4()}"


def top_up(person: Person, amount_minor: int) -> None:
    """Money in the wallet, as a processor's success puts it there."""
    with recorded(TESTS):
        posting.post_top_up(
            event_key=fresh_key("top_up"),
            wallet_account_id=wallet(person).pk,
            amount_minor=amount_minor,
            reference="tests",
        )


def customer_with(amount_minor: int, name: str = "aya") -> Person:
    """A new customer whose wallet holds so much."""
    person = make_customer(name)
    if amount_minor:
        top_up(person, amount_minor)
    return person


def wallet(person: Person) -> Account:
    """The wallet as it lies in the database now."""
    return wallet_of(person.user.pk)


def move(
    debit: int, credit: int, amount_minor: int, *, kind: JournalKind = JournalKind.SEND, key: str = ""
) -> posting.Posted:
    """One posting in a transaction of its own."""
    with recorded(TESTS):
        return posting.post(
            event_key=key or fresh_key(),
            kind=kind,
            debit_account_id=debit,
            credit_account_id=credit,
            amount_minor=amount_minor,
            reference="tests",
        )


@dataclass(frozen=True)
class Counter:
    """A till with everything to use it."""

    terminal: Terminal
    credentials: TerminalCredentials

    @property
    def actor(self) -> Actor:
        return Actor(kind="terminal", name=str(self.terminal), token_id=self.terminal.key_id)


def open_counter(terminal_name: str = "1") -> Counter:
    """A new merchant with one store and one till."""
    merchant = take_on_merchant(f"Hashi {uuid4().hex[:6]}", actor=TESTS)
    store = open_store(merchant, name="渋谷店", actor=TESTS)
    return Counter(*add_terminal(store, name=terminal_name, actor=TESTS))


def shown_code(person: Person) -> str:
    """The digits that the customer shows now."""
    return make_code(person.user, actor=person.actor).digits


def at_once(times: int, work: Callable[[int], Result]) -> list[Result | Exception]:
    """Run `work(0)`, `work(1)`, ... in as many threads, let go together; each on a connection of its own."""
    start = threading.Barrier(times)

    def one(number: int) -> Result | Exception:
        start.wait(timeout=30)
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001  (the test looks at what came out)
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))
