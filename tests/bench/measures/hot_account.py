"""A chain's payable takes every payment: striped over 16 plain accounts, beside payments between random wallets."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

from payments import posting
from payments.actions.merchants import take_on_merchant
from payments.models import Account, JournalKind
from tests.bench.accounts import wallets
from tests.bench.bench import Bench
from tests.bench.crew import Work
from tests.bench.rows import Row
from wallet_site.actor import Actor
from wallet_site.transactions import recorded

CLIENTS = 8
AMOUNT = 7
ACTOR = Actor(kind="terminal", name="Bench")


def measure(bench: Bench) -> Iterator[Row]:
    """Postings from random wallets into one merchant's payable, from Django, 8 clients; on one row only as well."""
    found = wallets(bench)
    merchant = take_on_merchant("Hot", actor=Actor.system("bench"))
    stripes = list(Account.objects.filter(merchant=merchant).order_by("stripe").values_list("pk", flat=True))
    given = {"first": found.first, "count": found.count}
    rates = bench.interleaved(
        {
            "random": bench.crew("hot_account:payments", processes=CLIENTS, into=[], **given).run,
            "striped": bench.crew("hot_account:payments", processes=CLIENTS, into=stripes, **given).run,
            "one row": bench.crew("hot_account:payments", processes=CLIENTS, into=stripes[:1], **given).run,
        }
    )
    yield Row("random_accounts", rates["random"], "postings/s", note="between random wallets")
    yield Row(
        "hot_account",
        rates["striped"],
        "postings/s",
        ratio_to_random=rates["striped"] / rates["random"],
        goal=0.9,
        note=f"one merchant, {len(stripes)} stripes",
    )
    yield Row(
        "hot_account_one_row",
        rates["one row"],
        "postings/s",
        ratio_to_random=rates["one row"] / rates["random"],
        note="without stripes: what they are for",
    )


def payments(number: int, first: int, count: int, into: list[int]) -> Work:
    """From a random wallet into the stripe that it takes, or, without any, into another random wallet."""
    chance = random.Random(number)

    def work() -> None:
        debit, step = chance.randrange(count), chance.randrange(1, count)
        source = first + debit
        target = into[source % len(into)] if into else first + (debit + step) % count
        with recorded(ACTOR):
            posting.post(
                event_key=f"bench:{uuid.uuid4()}",
                kind=JournalKind.PAYMENT,
                debit_account_id=source,
                credit_account_id=target,
                amount_minor=AMOUNT,
                reference="bench",
            )

    return work
