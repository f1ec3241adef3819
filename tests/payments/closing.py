"""What tests of closing a wallet say often."""

from __future__ import annotations

import psycopg

from payments.actions.closures import ask_to_close
from payments.models import Account, AccountKind, Claim, Closure, JournalKind
from payments.posting import own_account, post
from tests.payments.books import TESTS, fresh_key, wallet
from tests.payments.processors.harness import SandboxHarness
from tests.payments.topping import fresh
from tests.people import Person
from wallet_site.transactions import recorded


def asked_to_close(person: Person, owner: psycopg.Connection | None = None) -> Closure:
    """The person's wish to close; with the tables' owner, one whose wait is over."""
    closure = ask_to_close(person.user, actor=fresh(person))
    if owner is not None:
        wait_is_over(owner, person)
    closure.refresh_from_db()
    return closure


def wait_is_over(owner: psycopg.Connection, person: Person) -> None:
    """As if the person had asked eight days ago: only the owner of the tables can say so."""
    with owner.transaction():
        owner.execute("ALTER TABLE payments_closure DISABLE TRIGGER keeps_its_steps")
        owner.execute(
            "UPDATE payments_closure SET asked_at = asked_at - interval '8 days',"
            " closes_at = closes_at - interval '8 days' WHERE user_id = %s AND state = 'waiting'",
            [person.user.pk],
        )
        owner.execute("ALTER TABLE payments_closure ENABLE TRIGGER keeps_its_steps")


def give(person: Person, amount_minor: int, kind: JournalKind) -> None:
    """Goodwill or compensation of ours."""
    with recorded(TESTS):
        post(
            event_key=fresh_key(str(kind)),
            kind=kind,
            debit_account_id=own_account(AccountKind.GOODWILL, other_side=0),
            credit_account_id=wallet(person).pk,
            amount_minor=amount_minor,
            reference="tests",
        )


def owed(person: Person) -> list[tuple[str, str, int, str]]:
    """The person's claims as (way, reason, amount, state), oldest first."""
    found = Claim.objects.filter(user=person.user).order_by("pk")
    return [(claim.way, claim.reason, claim.amount, claim.state) for claim in found]


def is_closed(person: Person) -> bool:
    """Whether the wallet is shut, and empty."""
    account = Account.objects.get(owner=person.user, kind="wallet")
    return account.closed_at is not None and (account.balance, account.held) == (0, 0)


def refunded_at(bank: SandboxHarness, charge_reference: str) -> int:
    """What the processor says it has given back of a payment."""
    intent = bank.api("GET", f"/v1/payment_intents/{charge_reference}")
    charge = bank.api("GET", f"/v1/charges/{intent['latest_charge']}")
    return int(charge["amount_refunded"])
