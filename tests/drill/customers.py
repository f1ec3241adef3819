"""Customers, tills and what they want: each wish is repeated under its own key until there is a final answer."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from payments.models import Card
from tests.api_client import Answer, Phone
from tests.drill.storm import Progress
from tests.payments.books import open_counter
from tests.payments.processors import harness as numbers
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import linked_card
from tests.people import Person, make_customer
from tests.till import Till

# Short enough to lose most answers while the portal works on, as in a tunnel.
HASTY_SECONDS = 0.03
# One customer each; everybody else's card does as it is told.
ODD_CARDS = (
    numbers.SLOW_THEN_SUCCEEDS,
    numbers.SLOW_THEN_FAILS,
    numbers.LOST,
    numbers.INSUFFICIENT,
)


@dataclass
class Customer:
    """Somebody with a card and an app; `hasty` is the same app on a bad line."""

    person: Person
    card: Card
    phone: Phone
    hasty: Phone


@dataclass
class Counter:
    """A till; `hasty` is the same till on a bad line."""

    till: Till
    hasty: Till

    @classmethod
    def opened(cls, name: str, url: str) -> Counter:
        till = Till(open_counter(name), url=url)
        return cls(till, replace(till, patience=HASTY_SECONDS))


@dataclass
class TopUpWish:
    """One top-up and what its customer was told."""

    customer: Customer
    amount: int
    in_haste: bool
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    told: dict[str, Any] = field(default_factory=dict)

    def fulfil(self, progress: Progress) -> None:
        """Until the portal says what became of it."""
        body = {"card": str(self.customer.card.public_id), "amount": self.amount, "currency": "JPY"}

        def send(phone: Phone) -> Answer:
            return phone.post("/api/v1/top-ups", body, idempotency_key=self.key)

        hasty = (lambda: send(self.customer.hasty)) if self.in_haste else None
        self.told = final_answer(lambda: send(self.customer.phone), progress, hasty=hasty)


@dataclass
class Taking:
    """What one till asks of a code, and what it was told."""

    counter: Counter
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    reference: str = field(default_factory=lambda: f"sale-{uuid.uuid4().hex[:12]}")
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def approved(self) -> bool:
        return bool(self.told["approved"])


@dataclass
class Sale:
    """One payment by a one-time code. Where there is a second taking, another till tries the same code afterwards."""

    customer: Customer
    takings: list[Taking]
    amount: int
    in_haste: bool
    digits: str = ""

    @property
    def told(self) -> dict[str, Any]:
        return self.takings[0].told

    def fulfil(self, progress: Progress) -> None:
        """Shows a code, and takes the payment until it is approved or declined."""
        phone = self.customer.phone
        shown = final_answer(lambda: phone.post("/api/v1/one-time-codes", idempotency_key=None), progress)
        self.digits = shown["digits"]
        for taking in self.takings:
            self.take(taking, progress)

    def take(self, taking: Taking, progress: Progress) -> None:
        """The till's part: the same request until its answer is final."""

        def send(till: Till) -> Answer:
            return till.take(self.digits, self.amount, key=taking.key, reference=taking.reference)

        hasty = (lambda: send(taking.counter.hasty)) if self.in_haste else None
        taking.told = final_answer(lambda: send(taking.counter.till), progress, hasty=hasty)


Wish = TopUpWish | Sale


def final_answer(
    send: Callable[[], Answer], progress: Progress, *, hasty: Callable[[], Answer] | None = None
) -> dict[str, Any]:
    """Repeat one request until its answer is final. Nothing here may be refused: that would be lost business."""
    next_send = hasty or send
    while not progress.over:
        try:
            answer = next_send()
        except httpx.TransportError as error:
            progress.fail(type(error).__name__)
        else:
            if answer.status in (200, 201):
                said: dict[str, Any] = answer.json()
                return said
            why = f"{answer.status} {answer.code}"
            assert answer.status >= 500 or why in PASSING, f"refused: {answer.content!r}"
            progress.fail(why)
        next_send = send
    raise AssertionError("the clients have given up")


# Neither is an answer about the money: ask again.
PASSING = ("409 idempotency-key-in-flight", "429 too-many-tries")


def make_customers(count: int, bank: SandboxHarness, url: str) -> list[Customer]:
    """People with a card linked a month ago and an app signed in."""
    made = []
    for index in range(count):
        person = make_customer("aya" if index % 2 else "ken")
        card = linked_card(person, bank, ODD_CARDS[index] if index < len(ODD_CARDS) else numbers.SUCCEEDS)
        phone = Phone.signed_in(person, url=url)
        made.append(Customer(person, card, phone, replace(phone, patience=HASTY_SECONDS)))
    return made


def make_wishes(
    chance: random.Random,
    customers: Sequence[Customer],
    counters: Sequence[Counter],
    *,
    top_ups: int,
    sales: int,
) -> list[Wish]:
    """So many of each for every customer, in one shuffled row that ends in sales, as money comes before it goes.

    The amounts keep to the limits of a wallet opened today: 10,000 yen of top-ups, 50,000 yen of payments.
    """
    charges: list[Wish] = [
        TopUpWish(one, chance.randint(500, 10_000 // top_ups), chance.random() < 0.15)
        for one in customers
        for _ in range(top_ups)
    ]
    payments: list[Wish] = []
    for one in customers:
        for _ in range(sales):
            shops = chance.sample(counters, 2 if chance.random() < 0.1 else 1)
            takings = [Taking(shop) for shop in shops]
            payments.append(Sale(one, takings, chance.randint(1, 700), chance.random() < 0.15))
    chance.shuffle(payments)
    cut = len(payments) * 2 // 3
    mixed = charges + payments[:cut]
    chance.shuffle(mixed)
    return mixed + payments[cut:]


def fulfil_all(wishes: Sequence[Wish], progress: Progress, *, at_once: int) -> None:
    """So many clients at a time; the first one that fails stops all."""

    def one(wish: Wish) -> None:
        with progress.operation():
            wish.fulfil(progress)

    with ThreadPoolExecutor(at_once) as threads:
        jobs = [threads.submit(one, wish) for wish in wishes]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            progress.finish()
            threads.shutdown(cancel_futures=True)
            raise
