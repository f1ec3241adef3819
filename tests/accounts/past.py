"""Accounts that were opened and changed in the past: as the owner of the tables, for the database's clock decides."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg

from tests.people import Person


def opened_earlier(owner: psycopg.Connection, person: Person, *, days: int = 30) -> None:
    """Move the opening of an account, and what came with it, into the past."""
    with owner.transaction():
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        owner.execute("ALTER TABLE accounts_user DISABLE TRIGGER number_customer")
        owner.execute(
            "UPDATE accounts_user SET created_at = created_at - make_interval(days => %s) WHERE id = %s",
            [days, person.user.pk],
        )
        owner.execute("ALTER TABLE accounts_user ENABLE TRIGGER number_customer")
        owner.execute("ALTER TABLE accounts_credentialchange DISABLE TRIGGER append_only")
        owner.execute(
            "UPDATE accounts_credentialchange SET at = at - make_interval(days => %s) WHERE user_id = %s",
            [days, person.user.pk],
        )
        owner.execute("ALTER TABLE accounts_credentialchange ENABLE TRIGGER append_only")
    person.user.refresh_from_db()


def changed_before(owner: psycopg.Connection, person: Person, kind: str, ago: timedelta) -> None:
    """A change of that kind, made so long ago. Nobody is told of it."""
    with owner.transaction():
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        owner.execute("ALTER TABLE accounts_credentialchange DISABLE TRIGGER USER")
        owner.execute(
            "INSERT INTO accounts_credentialchange (user_id, kind, old_value, new_value, actor, at)"
            " VALUES (%s, %s, '', '', %s, clock_timestamp() - %s)",
            [person.user.pk, kind, json.dumps({"kind": "customer"}), ago],
        )
        owner.execute("ALTER TABLE accounts_credentialchange ENABLE TRIGGER USER")
