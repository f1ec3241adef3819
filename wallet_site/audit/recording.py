"""Writing to the audit and checking that nobody rewrote it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from wallet_site.actor import Actor

_ACTION = re.compile(r"^[a-z_]+:[a-z_]+:[a-z_]+$")
_SECRET_KEYS = {"password", "secret", "token", "code", "seed", "key", "refresh_token", "access_token"}

Subject = models.Model | tuple[str, str] | None


def record(
    action: str,
    *,
    actor: Actor,
    subject: Subject = None,
    user_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Append one row inside the caller's transaction, best as its last write.

    `action` is `source:subject:action`. `user_id` is the customer concerned. Raises `ValueError` for an action of
    another form or a `data` key that names a secret. A repeat appends a second row.
    """
    facts = data or {}
    if not _ACTION.match(action):
        raise ValueError(f"{action!r} is not source:subject:action")
    if leaked := _SECRET_KEYS & facts.keys():
        raise ValueError(f"the audit takes no secrets: {sorted(leaked)}")
    kind, subject_id = _name_of(subject)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditrow (action, actor, subject_type, subject_id, user_id, data)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [action, actor.as_json(), kind, subject_id, user_id, json.dumps(facts, default=str)],
        )


def _name_of(subject: Subject) -> tuple[str, str]:
    if subject is None:
        return "", ""
    if isinstance(subject, tuple):
        return subject
    return subject._meta.label_lower, str(subject.pk)


@dataclass(frozen=True, slots=True)
class Break:
    """The first row at which a chain no longer holds."""

    chain: int
    chain_seq: int
    row_id: int | None
    reason: str


_FIRST_BREAK = """
WITH walked AS (
    SELECT a.id, a.chain, a.chain_seq, a.previous_hash, a.hash, audit_row_hash(a) AS expected,
           coalesce(lag(a.hash) OVER w, ''::bytea) AS hash_before,
           coalesce(lag(a.chain_seq) OVER w, 0) AS seq_before
    FROM audit_auditrow a WINDOW w AS (PARTITION BY a.chain ORDER BY a.chain_seq, a.id)
), broken AS (
    SELECT chain, chain_seq, id,
           CASE WHEN chain_seq <> seq_before + 1 THEN 'a row before it is missing or was moved'
                WHEN hash <> expected THEN 'its content was changed'
                ELSE 'it does not follow the row before it' END AS reason
    FROM walked WHERE chain_seq <> seq_before + 1 OR hash <> expected OR previous_hash <> hash_before
    UNION ALL
    SELECT c.chain, c.seq, NULL, 'the end of the chain is missing or was added by hand'
    FROM audit_auditchain c
    LEFT JOIN LATERAL (SELECT chain_seq, hash FROM audit_auditrow a WHERE a.chain = c.chain
                       ORDER BY chain_seq DESC LIMIT 1) newest ON true
    WHERE c.seq <> coalesce(newest.chain_seq, 0) OR c.hash <> coalesce(newest.hash, ''::bytea)
    UNION ALL
    SELECT a.chain, a.chain_seq, a.id, 'it stands on a chain that does not exist'
    FROM audit_auditrow a WHERE NOT EXISTS (SELECT FROM audit_auditchain c WHERE c.chain = a.chain)
)
SELECT chain, chain_seq, id, reason FROM broken ORDER BY id NULLS LAST, chain, chain_seq LIMIT 1
"""


def first_break() -> Break | None:
    """Walk every chain; None when all hold, else the first row (by id) that does not. Changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_BREAK)
        row = cursor.fetchone()
    return Break(*row) if row else None
