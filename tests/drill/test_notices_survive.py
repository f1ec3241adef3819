"""Promise 1: no credential change goes untold, however it is made and whatever is broken meanwhile.

Real PostgreSQL, real worker and beat, real mail backend; changes by plain SQL as a hand in psql would make them.
"""

from __future__ import annotations

import uuid

import psycopg
import pytest

from accounts.models import CredentialChange
from tests.accounts.by_hand import BY_HAND, change_by_hand
from tests.people import Person, fresh_email, make_customer
from tests.processes import Worker
from wallet_site.local.mail import StoredMail, messages_of
from wallet_site.local.processes import wait_until
from wallet_site.local.valkey import Valkey
from wallet_site.outbox.models import Delivery


def customer_with_two_addresses(session: psycopg.Connection) -> tuple[Person, str]:
    """Somebody whose address was changed a moment ago, and who holds an app: two addresses are owed every notice."""
    person = make_customer("aya")
    former = person.email
    session.execute("UPDATE accounts_user SET email = %s WHERE id = %s", [fresh_email("aya"), person.user.pk])
    add_device(session, person)
    person.user.refresh_from_db()
    return person, former


def add_device(session: psycopg.Connection, person: Person) -> None:
    session.execute(
        "INSERT INTO accounts_apidevice (public_id, user_id, name, key_thumbprint, revoked_why)"
        " VALUES (%s, %s, 'Phone', %s, '')",
        [uuid.uuid4(), person.user.pk, uuid.uuid4().hex],
    )


def told(address: str, change: CredentialChange) -> list[StoredMail]:
    """The mails at an address that speak of this very change."""
    return [
        one
        for one in messages_of(address)
        if one.message["Message-ID"] in set(_message_ids(change)) and one.text.strip() and one.html.strip()
    ]


def _message_ids(change: CredentialChange) -> list[str]:
    owed = Delivery.objects.filter(event__key=f"credential-change:{change.pk}", channel="email")
    return list(owed.values_list("message_id", flat=True))


def until_told(
    addresses: list[str], changes: list[CredentialChange], worker: Worker, within_seconds: float
) -> None:
    wait_until(
        lambda: all(told(address, change) for address in addresses for change in changes),
        within_seconds=within_seconds,
        otherwise=lambda: f"not told: {missing(addresses, changes)}\n{worker.said()}",
    )


def missing(addresses: list[str], changes: list[CredentialChange]) -> list[tuple[str, str]]:
    return [(a, c.kind) for a in addresses for c in changes if not told(a, c)]


@pytest.mark.requirement(25, 26)
def test_every_kind_of_change_by_sql_is_told_to_old_and_new_within_seconds(
    worker: Worker, application_connection: psycopg.Connection
) -> None:
    changes: list[CredentialChange] = []
    people: list[tuple[list[str], CredentialChange]] = []
    for kind in BY_HAND:
        person, former = customer_with_two_addresses(application_connection)
        before = person.email
        change = change_by_hand(application_connection, person, kind)
        changes.append(change)
        people.append(([former, before, person.email], change))
    for addresses, change in people:
        until_told(addresses, [change], worker, within_seconds=60)
    assert {change.kind for change in changes} == set(BY_HAND)


@pytest.mark.requirement(26, 31)
def test_what_a_change_of_address_brings_with_it_is_told_at_the_old_one_too(
    worker: Worker, application_connection: psycopg.Connection
) -> None:
    """Apps elsewhere are signed out by the change; the address that was just replaced hears of that as well."""
    person = make_customer("aya")
    former = person.email
    add_device(application_connection, person)
    application_connection.execute(
        "UPDATE accounts_user SET email = %s WHERE id = %s", [fresh_email("aya"), person.user.pk]
    )
    person.user.refresh_from_db()
    removed = CredentialChange.objects.get(user=person.user, kind="api_device_removed")
    until_told([former, person.email], [removed], worker, within_seconds=60)


@pytest.mark.requirement(25, 26, 46)
def test_worker_and_redis_killed_in_between_lose_no_notice(
    worker: Worker, valkey: Valkey, application_connection: psycopg.Connection
) -> None:
    """Changes before, during and after the outage all arrive, at the old and the new address, once each."""
    person, former = customer_with_two_addresses(application_connection)
    addresses = [former, person.email]
    changes = [change_by_hand(application_connection, person, "totp_changed")]
    worker.kill()
    changes.append(change_by_hand(application_connection, person, "totp_added"))
    valkey.kill()
    changes.append(change_by_hand(application_connection, person, "phone_changed"))
    changes.append(change_by_hand(application_connection, person, "password_changed"))
    assert not any(told(address, changes[-1]) for address in addresses), "nobody is there to tell it"
    valkey.start()
    worker.start()
    changes.append(change_by_hand(application_connection, person, "recovery_code_used"))
    # A notice that the killed worker had in its hands comes back when its lease ends.
    until_told(addresses, changes, worker, within_seconds=90)
    assert [len(told(address, change)) for address in addresses for change in changes[1:]] == [1] * 8


@pytest.mark.requirement(46)
def test_redis_killed_under_a_running_worker_only_delays(
    worker: Worker, valkey: Valkey, application_connection: psycopg.Connection
) -> None:
    person, former = customer_with_two_addresses(application_connection)
    valkey.kill()
    change = change_by_hand(application_connection, person, "email_changed")
    valkey.start()
    until_told([former, person.email], [change], worker, within_seconds=60)
