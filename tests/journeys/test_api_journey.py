"""A customer's day by app, against a real server: in, a card, money, a payment in a store, and out by suspension."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from accounts.actions.suspensions import suspend
from accounts.models import CredentialChange
from payments.models import TopUp
from tests.api_client import Phone
from tests.payments.books import open_counter
from tests.payments.processors.harness import SandboxHarness
from tests.people import Person, make_customer, wrong_code
from tests.processes import Portal, Sandbox
from tests.till import Till
from wallet_site.actor import Actor

JCB = "3530111333300000"


@pytest.fixture
def bank(new_cards: Sandbox) -> Iterator[SandboxHarness]:
    """The card processor's pages and the bank behind them."""
    harness = SandboxHarness(new_cards.url)
    yield harness
    harness.close()


def move_changes(owner: psycopg.Connection, person: Person, by: str) -> None:
    """Time passes for the changes to a person's credentials; only the owner of the table can do that."""
    with owner.transaction():
        owner.execute("ALTER TABLE accounts_credentialchange DISABLE TRIGGER append_only")
        owner.execute(
            "UPDATE accounts_credentialchange SET at = at + %s::interval WHERE user_id = %s",
            [by, person.user.pk],
        )
        owner.execute("ALTER TABLE accounts_credentialchange ENABLE TRIGGER append_only")


def test_a_day_by_app(
    live_portal: Portal, bank: SandboxHarness, owner_connection: psycopg.Connection
) -> None:
    aya = make_customer("aya")
    till = Till(open_counter(), url=live_portal.url)
    phone = Phone(url=live_portal.url, name="Aya's phone")

    # In: password, a mistyped code, the right one.
    assert phone.get("/api/v1/wallet").code == "token-missing"
    challenge = phone.prove_password(aya.email, aya.password)
    assert (challenge.status, challenge.json()["error"]) == (403, "insufficient_authorization")
    mistyped = phone.prove_factor(challenge.json()["auth_session"], wrong_code(aya))
    assert (mistyped.status, mistyped.code) == (422, "wrong-code")
    assert phone.sign_in(aya).status == 200
    assert CredentialChange.objects.filter(user=aya.user, kind="api_device_added").count() == 1

    # An empty wallet.
    assert phone.get("/api/v1/wallet").json()["balance"] == 0
    assert phone.get("/api/v1/activity").json() == {"results": [], "next": None}

    # A new device has to wait a day before it may link a card; then, on the processor's own page with 3-D Secure.
    move_changes(owner_connection, aya, "10 seconds")  # Later than what counts as the opening of the account.
    assert phone.post("/api/v1/cards/linkings", idempotency_key=None).code == "cooling-off"
    move_changes(owner_connection, aya, "-1 day -10 seconds")
    started = phone.post("/api/v1/cards/linkings", idempotency_key=None)
    assert started.status == 201, started.content
    linking = started.json()
    bank.submit_card(linking["url"], JCB)
    bank.decide(linking["url"])
    linked = phone.get(f"/api/v1/cards/linkings/{linking['id']}").json()
    assert (linked["state"], linked["card"]["last_four"]) == ("linked", "0000")
    [card] = phone.get("/api/v1/cards").json()

    # A top-up, asked for twice with one key: charged once.
    key = str(uuid.uuid4())
    body = {"card": card["id"], "amount": 5_000, "currency": "JPY"}
    assert phone.post("/api/v1/top-ups", body, idempotency_key=None).code == "idempotency-key-missing"
    first = phone.post("/api/v1/top-ups", body, idempotency_key=key)
    again = phone.post("/api/v1/top-ups", body, idempotency_key=key)
    assert (first.status, first.json()["state"]) == (201, "succeeded")
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    other = phone.post("/api/v1/top-ups", body | {"amount": 4_000}, idempotency_key=key)
    assert other.code == "idempotency-key-reused"
    assert phone.get("/api/v1/wallet").json()["balance"] == 5_000
    assert TopUp.objects.filter(user=aya.user).count() == 1

    # A code, taken by a store: once, however often the till repeats itself.
    code = phone.post("/api/v1/one-time-codes", idempotency_key=None).json()
    sale = str(uuid.uuid4())
    taken = till.take(code["digits"], 842, key=sale, reference="sale-1")
    assert (taken.status, taken.json()["approved"]) == (201, True)
    assert till.take(code["digits"], 842, key=sale, reference="sale-1").json() == taken.json()
    assert till.find("sale-1").json()["id"] == taken.json()["id"]
    used_up = till.take(code["digits"], 842).json()
    assert (used_up["approved"], used_up["decline"]["code"]) == (False, "code-used")
    state = phone.get(f"/api/v1/one-time-codes/{code['id']}").json()
    assert (state["state"], state["payment"]["amount"]) == ("used", 842)

    # The balance fell; a part comes back; the activity says all of it.
    assert phone.get("/api/v1/wallet").json()["balance"] == 4_158
    assert till.refund(taken.json()["id"], 342).status == 201
    assert phone.get("/api/v1/wallet").json()["balance"] == 4_500
    lines = phone.get("/api/v1/activity").json()["results"]
    assert [(line["kind"], line["amount"]) for line in lines] == [
        ("refund", 342),
        ("payment", -842),
        ("top_up", 5_000),
    ]

    # The next pair of tokens; the card away again, which asks for a fresh factor.
    assert phone.refresh().status == 200
    assert phone.step_up(aya).status == 200
    assert phone.delete(f"/api/v1/cards/{card['id']}").status == 204

    # Suspended: out from the very next request, and no way back in.
    suspend(
        aya.user,
        scope="all",
        reason_code="fraud",
        reason="journey",
        channel="agent",
        actor=Actor.system("test"),
    )
    assert phone.get("/api/v1/wallet").status in (401, 403)
    assert phone.post("/api/v1/one-time-codes", idempotency_key=None).status in (401, 403)
    assert phone.refresh().code == "suspended"
    assert phone.sign_in(aya).code == "suspended"
