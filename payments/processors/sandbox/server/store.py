"""The sandbox's memory: one SQLite file. Every request is one transaction, so a kill leaves no half of one."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, created REAL NOT NULL,
    body TEXT NOT NULL,      -- what the API shows
    private TEXT NOT NULL    -- what it does not: secrets, behaviour, counters
);
CREATE TABLE IF NOT EXISTS metadata (
    object_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (kind, name, value, object_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, next_attempt REAL NOT NULL, delivered REAL
);
CREATE INDEX IF NOT EXISTS event_owed ON event (next_attempt) WHERE delivered IS NULL;
CREATE TABLE IF NOT EXISTS job (
    object_id TEXT NOT NULL, kind TEXT NOT NULL, due REAL NOT NULL, PRIMARY KEY (object_id, kind)
);
CREATE INDEX IF NOT EXISTS job_due ON job (due);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass
class Stored:
    """An object of the API with what it hides."""

    id: str
    kind: str
    body: Json
    private: Json = field(default_factory=dict)


class Transaction:
    """One transaction on the file, with the sandbox's own clock."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.now = time.time() + float(self.setting("clock_offset") or 0)

    def setting(self, name: str) -> str | None:
        """A stored setting, or None."""
        row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        self._connection.execute("REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    def card_secret(self) -> bytes:
        """The key of the cards' fingerprints, made once per file."""
        value = self.setting("card_secret")
        if value is None:
            value = secrets.token_hex(32)
            self.set_setting("card_secret", value)
        return bytes.fromhex(value)

    def add(self, kind: str, prefix: str, body: Json, private: Json | None = None) -> Stored:
        """Store a new object under a fresh id; its metadata becomes searchable."""
        stored = Stored(f"{prefix}_{secrets.token_hex(12)}", kind, body, private or {})
        stored.body = {
            "id": stored.id,
            "object": kind,
            "created": int(self.now),
            "livemode": False,
            **stored.body,
        }
        self._connection.execute(
            "INSERT INTO object (id, kind, created, body, private) VALUES (?, ?, ?, ?, ?)",
            (stored.id, kind, self.now, json.dumps(stored.body), json.dumps(stored.private)),
        )
        self._connection.executemany(
            "INSERT INTO metadata (object_id, kind, name, value) VALUES (?, ?, ?, ?)",
            [(stored.id, kind, name, value) for name, value in body.get("metadata", {}).items()],
        )
        return stored

    def get(self, kind: str, object_id: str) -> Stored | None:
        """The object with this id and kind, or None."""
        row = self._connection.execute(
            "SELECT body, private FROM object WHERE id = ? AND kind = ?", (object_id, kind)
        ).fetchone()
        return Stored(object_id, kind, json.loads(row[0]), json.loads(row[1])) if row else None

    def save(self, stored: Stored) -> None:
        """Write an object back."""
        self._connection.execute(
            "UPDATE object SET body = ?, private = ? WHERE id = ?",
            (json.dumps(stored.body), json.dumps(stored.private), stored.id),
        )

    def find(self, kind: str, name: str, value: str) -> list[Stored]:
        """Objects of a kind that carry this metadata, oldest first, at most 100."""
        rows = self._connection.execute(
            "SELECT o.id, o.body, o.private FROM metadata m JOIN object o ON o.id = m.object_id"
            " WHERE m.kind = ? AND m.name = ? AND m.value = ? ORDER BY o.created, o.id LIMIT 100",
            (kind, name, value),
        ).fetchall()
        return [Stored(row[0], kind, json.loads(row[1]), json.loads(row[2])) for row in rows]

    def newest(self, kind: str, limit: int) -> list[Stored]:
        """The newest objects of a kind."""
        rows = self._connection.execute(
            "SELECT id, body, private FROM object WHERE kind = ? ORDER BY created DESC, id LIMIT ?",
            (kind, limit),
        ).fetchall()
        return [Stored(row[0], kind, json.loads(row[1]), json.loads(row[2])) for row in rows]

    def between(self, kind: str, begins: int, ends: int, *, after: str, limit: int) -> list[Stored]:
        """Objects of a kind made in a time, oldest first, beginning behind the object `after`."""
        rows = self._connection.execute(
            "SELECT id, body, private FROM object WHERE kind = ? AND created >= ? AND created < ?"
            " AND (created, id) > (SELECT coalesce(max(created), 0), ? FROM object WHERE id = ?)"
            " ORDER BY created, id LIMIT ?",
            (kind, begins, ends, after, after, limit),
        ).fetchall()
        return [Stored(row[0], kind, json.loads(row[1]), json.loads(row[2])) for row in rows]

    def answer(self, key: str) -> tuple[str, int, str] | None:
        """The fingerprint, status and body that an idempotency key was answered with, or None."""
        row = self._connection.execute(
            "SELECT fingerprint, status, body FROM answer WHERE key = ?", (key,)
        ).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def keep_answer(self, key: str, fingerprint: str, status: int, body: str) -> None:
        """Remember what a key was answered with."""
        self._connection.execute(
            "INSERT INTO answer (key, fingerprint, status, body) VALUES (?, ?, ?, ?)",
            (key, fingerprint, status, body),
        )

    def emit(self, kind: str, subject: Json) -> None:
        """Owe an event about an object as it is now."""
        event_id = f"evt_{secrets.token_hex(12)}"
        body = {
            "id": event_id,
            "object": "event",
            "type": kind,
            "created": int(self.now),
            "livemode": False,
            "data": {"object": subject},
        }
        self._connection.execute(
            "INSERT INTO event (id, body, next_attempt) VALUES (?, ?, ?)",
            (event_id, json.dumps(body), time.time()),
        )

    def events(self, limit: int) -> list[Json]:
        """The newest events first."""
        rows = self._connection.execute(
            "SELECT body FROM event ORDER BY position DESC LIMIT ?", (limit,)
        ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def owed_events(self, limit: int) -> list[tuple[int, str, int]]:
        """Position, body and attempts so far of events whose delivery is due."""
        return self._connection.execute(
            "SELECT position, body, attempts FROM event WHERE delivered IS NULL AND next_attempt <= ?"
            " ORDER BY next_attempt LIMIT ?",
            (time.time(), limit),
        ).fetchall()

    def delivered(self, position: int) -> None:
        """An event's receiver answered 2xx."""
        self._connection.execute(
            "UPDATE event SET delivered = ?, attempts = attempts + 1 WHERE position = ?",
            (time.time(), position),
        )

    def delivery_failed(self, position: int, retry_in: float) -> None:
        """An event's receiver did not take it: try again later."""
        self._connection.execute(
            "UPDATE event SET attempts = attempts + 1, next_attempt = ? WHERE position = ?",
            (time.time() + retry_in, position),
        )

    def schedule(self, object_id: str, kind: str, due: float) -> None:
        """Let something happen to an object at a time of the sandbox's clock."""
        self._connection.execute(
            "REPLACE INTO job (object_id, kind, due) VALUES (?, ?, ?)", (object_id, kind, due)
        )

    def unschedule(self, object_id: str, kind: str) -> None:
        """Forget a scheduled change."""
        self._connection.execute("DELETE FROM job WHERE object_id = ? AND kind = ?", (object_id, kind))

    def due_jobs(self) -> list[tuple[str, str]]:
        """Take the changes that are due, oldest first."""
        rows = self._connection.execute(
            "DELETE FROM job WHERE due <= ? RETURNING object_id, kind, due", (self.now,)
        ).fetchall()
        return [(row[0], row[1]) for row in sorted(rows, key=lambda row: row[2])]


class Store:
    """Opens transactions on the file. Safe to share between threads: each transaction has its own connection."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        connection = self._connect()
        try:
            connection.executescript(_SCHEMA)
        finally:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One writing transaction: committed at the end, undone by any exception."""
        connection = self._connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        finally:
            connection.close()
