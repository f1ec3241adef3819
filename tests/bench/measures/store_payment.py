"""A whole store payment over HTTP, beside a bare REST framework view that inserts one row."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import psycopg

from payments import one_time_codes
from payments.actions.merchants import TerminalCredentials, add_terminal, open_store, take_on_merchant
from payments.one_time_codes import DIGEST_PURPOSE
from tests.bench.accounts import wallets
from tests.bench.bench import Bench
from tests.bench.crew import Work
from tests.bench.rows import Row
from tests.processes import Portal, answers
from tests.servers import free_port
from wallet_site.actor import Actor
from wallet_site.crypto import digest
from wallet_site.local import commands
from wallet_site.local.till import Till

CLIENTS = 8
WORKERS = 2
# A terminal may ask 600 times a minute: enough of them that this limit is never what is measured.
TERMINALS = 64
AMOUNT = 7
ACTOR = Actor.system("bench")
_SHOW_CODE = """
INSERT INTO payments_onetimecode (customer_id, digest, expires_at, device_since, network_since, verified_at)
VALUES (%s, %s, now() + interval '5 minutes', now() - interval '90 days', now() - interval '90 days', now())
"""


def measure(bench: Bench) -> Iterator[Row]:
    """Signature, idempotency, code, limits, risk, books, audit, outbox against one insert; 8 clients, 2 workers."""
    found = wallets(bench)
    owner = bench.owner()
    owner.execute(
        "CREATE SCHEMA IF NOT EXISTS bare; GRANT USAGE ON SCHEMA bare TO PUBLIC;"
        "CREATE TABLE IF NOT EXISTS bare.sale (id bigserial PRIMARY KEY, reference text, amount bigint);"
        "GRANT ALL ON bare.sale TO PUBLIC; GRANT USAGE ON SEQUENCE bare.sale_id_seq TO PUBLIC"
    )
    first_customer = owner.execute(
        "SELECT owner_id FROM payments_account WHERE id = %s", [found.first]
    ).fetchone()
    assert first_customer is not None
    store = open_store(take_on_merchant("Bench", actor=ACTOR), name="1", actor=ACTOR)
    tills = [asdict(add_terminal(store, name=str(n), actor=ACTOR)[1]) for n in range(TERMINALS)]
    portal, bare = Portal.of(bench.ground.run), _bare(bench)
    portal.command = commands.web(bench.ground.run.portal_port, workers=WORKERS)
    try:
        portal.start()
        bare.start()
        crew = bench.crew(
            "store_payment:payments",
            processes=CLIENTS,
            url=portal.url,
            tills=tills,
            customer=first_customer[0],
            count=found.count,
        )
        peer = bench.crew("store_payment:inserts", processes=CLIENTS, url=bare.url)
        rates = bench.interleaved({"payments": crew.run, "bare": peer.run})
    finally:
        portal.kill()
        bare.kill()
    yield Row("bare_drf_view", rates["bare"], "requests/s", note="reads JSON, inserts one row, answers")
    yield Row(
        "store_payment",
        rates["payments"],
        "payments/s",
        ratio_to_limit=rates["payments"] / rates["bare"],
        goal=0.5,
        note="drawing the code counts too",
    )


def _bare(bench: Bench) -> Portal:
    port = free_port()
    command = [
        part if part != "wallet_site.local.web:application" else "tests.bench.bare_view:application"
        for part in commands.web(port, workers=WORKERS)
    ]
    url = f"http://127.0.0.1:{port}"
    log = bench.ground.run.home.path / "bare.log"
    return Portal("the bare view", command, log, answers(f"{url}/sales"), url=url)


class Wire:
    """One kept connection."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self.connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        self.connection.request("POST", path, body=body, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {text.decode(errors='replace')[:300]}")
        said: dict[str, Any] = json.loads(text)
        return said


def payments(number: int, url: str, tills: list[dict[str, str]], customer: int, count: int) -> Work:
    """A customer shows a code, a till takes the payment. Each client has customers of its own."""
    wire, path = Wire(url), "/api/v1/terminal/payments"
    own = [Till(TerminalCredentials(**till)) for till in tills[number::CLIENTS]]
    session = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    turn = 0

    def work() -> None:
        nonlocal turn
        digits = one_time_codes.draw()
        shopper = customer + (number + CLIENTS * turn) % count
        session.execute(_SHOW_CODE, [shopper, digest(digits, DIGEST_PURPOSE)], prepare=True)
        body = json.dumps(
            {"code": digits, "amount": AMOUNT, "currency": "JPY", "reference": secrets.token_hex(12)}
        ).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        signed = own[turn % len(own)].signed("POST", url + path, body, headers)
        said = wire.post(path, body, signed)
        if not said["approved"]:
            raise RuntimeError(f"declined: {said['decline']}")
        turn += 1

    return work


def inserts(number: int, url: str) -> Work:
    """The bare view."""
    wire = Wire(url)

    def work() -> None:
        body = json.dumps({"reference": secrets.token_hex(12), "amount": AMOUNT}).encode()
        wire.post("/sales", body, {"Content-Type": "application/json"})

    return work
