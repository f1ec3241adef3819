"""The one way to write: a durable transaction that first tells the database who acts.

Triggers (credential changes, suspensions) read `kakehashi.actor` and store it; where it is not set, somebody wrote by
hand and the row says "database".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction

from wallet_site.actor import Actor
from wallet_site.switches.errors import refusal_of


@contextmanager
def recorded(actor: Actor) -> Iterator[None]:
    """Run the block in one durable transaction on behalf of `actor`.

    Durable means: when the block ends without an error the work is committed, not merely part of something larger;
    opening one inside another raises `RuntimeError`. The setting ends with the transaction. Raises `SwitchedOff` when
    something in it is stopped for everybody.
    """
    try:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('kakehashi.actor', %s, true)", [actor.as_json()])
            yield
    except DatabaseError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
