"""Brings what lies encrypted under the newest key, so that an older one can be put out of service (requirement 11).

Ciphertext changes, the secrets do not. The database cannot see that, and would announce every authenticator app as
changed, so the tables' own triggers rest for a batch: `ALTER TABLE` locks writers out for as long, only the owner of
the tables may, and when the batch commits the triggers stand again. Nobody ever sees the table without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connections, models, transaction
from django.db.backends.utils import CursorWrapper

from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import renew

# Writers of a table wait for one batch: a fraction of a second.
BATCH = 2_000
ACTOR = Actor.system("reencrypt")


def encrypted_columns() -> dict[type[models.Model], list[str]]:
    """Every table of ours with its encrypted columns."""
    found: dict[type[models.Model], list[str]] = {}
    for model in apps.get_models():
        columns = [
            str(field.column)
            for field in model._meta.local_concrete_fields
            if getattr(field, "is_encrypted", False)
        ]
        if columns and not model._meta.proxy:
            found[model] = columns
    return found


def reencrypt(model: type[models.Model], columns: Sequence[str], *, using: str = "default") -> int:
    """Encrypt anew what an older key holds; returns how many values. A repeat finds nothing to do.

    Works in batches of its own transactions, so an end in between leaves whole rows, some new and some old. Raises
    `InvalidToken` with the place of a value that none of the keys opens, `ProgrammingError` unless the role owns the
    table.
    """
    renewed = 0
    for batch in _batches(model, columns, using):
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            renewed += _renew(cursor, model, columns, batch)
    if renewed:
        with transaction.atomic():
            record("system:encryption:renewed", actor=ACTOR, data={"table": _table(model), "values": renewed})
    return renewed


def _batches(model: type[models.Model], columns: Sequence[str], using: str) -> Iterator[list[Any]]:
    """The keys of rows with something to renew. Reading needs no lock: what is taken is looked at once more."""
    newest, last = Fernet(settings.FIELD_ENCRYPTION_KEYS[0]), None
    quote = connections[using].ops.quote_name
    names = ", ".join(map(quote, columns))
    key = quote(_key(model))
    while True:
        with connections[using].cursor() as cursor:
            after = f"WHERE {key} > %s" if last is not None else ""
            cursor.execute(
                f"SELECT {key}, {names} FROM {_table(model)} {after} ORDER BY {key} LIMIT {BATCH}",  # noqa: S608 (names of our own tables)
                [] if last is None else [last],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        if old := [row[0] for row in rows if any(_is_old(value, newest) for value in row[1:])]:
            yield old


def _renew(cursor: CursorWrapper, model: type[models.Model], columns: Sequence[str], keys: list[Any]) -> int:
    newest = Fernet(settings.FIELD_ENCRYPTION_KEYS[0])
    table, key = _table(model), _key(model)
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    cursor.execute(
        f"SELECT {key}, {', '.join(columns)} FROM {table} WHERE {key} = ANY(%s) FOR UPDATE",  # noqa: S608
        [keys],
    )
    changes: dict[Any, dict[str, str]] = {}
    for row in cursor.fetchall():
        for column, value in zip(columns, row[1:], strict=True):
            if _is_old(value, newest):
                place = f"{table}.{column} where {key} is {row[0]}"
                changes.setdefault(row[0], {})[column] = _renewed(value, place)
    for row_id, values in changes.items():
        # All of a row at once: a second UPDATE of it would queue a check of its foreign keys, and no trigger can be
        # put back before that.
        assigned = ", ".join(f"{column} = %s" for column in values)
        cursor.execute(f"UPDATE {table} SET {assigned} WHERE {key} = %s", [*values.values(), row_id])  # noqa: S608
    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return sum(map(len, changes.values()))


def _renewed(value: str, place: str) -> str:
    try:
        return renew(value)
    except InvalidToken:
        # cryptography says nothing at all; whoever must find the value needs its place.
        raise InvalidToken(place) from None


def _key(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def _table(model: type[models.Model]) -> str:
    return model._meta.db_table


def _is_old(value: str | None, newest: Fernet) -> bool:
    if value is None:
        return False
    try:
        newest.decrypt(value.encode())
    except InvalidToken:
        return True
    return False
