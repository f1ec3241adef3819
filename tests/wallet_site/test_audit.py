"""The record cannot be rewritten, and where somebody could, it shows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.utils import ProgrammingError

from wallet_site.actor import Actor
from wallet_site.audit import recording
from wallet_site.audit.management.commands import verify_audit
from wallet_site.audit.models import AuditRow
from wallet_site.audit.recording import Break, first_break, record
from wallet_site.transactions import recorded

ROBOT = Actor.system("test")


def written(count: int) -> list[AuditRow]:
    for number in range(count):
        record("test:thing:done", actor=ROBOT, subject=("thing", str(number)), data={"number": number})
    return list(AuditRow.objects.order_by("-pk")[:count])[::-1]


@pytest.mark.requirement(42)
@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_auditrow SET action = 'x:y:z'",
        "DELETE FROM audit_auditrow",
        "TRUNCATE audit_auditrow",
        "UPDATE audit_auditchain SET seq = 0",
        "ALTER TABLE audit_auditrow DISABLE TRIGGER ALL",
        "DROP TABLE audit_auditrow",
    ],
)
def test_the_application_cannot_rewrite_it(sql: str) -> None:
    written(1)
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.requirement(42)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sql", ["UPDATE audit_auditrow SET action = 'x:y:z'", "DELETE FROM audit_auditrow"])
def test_not_even_the_owner_rewrites_it_by_accident(sql: str, owner_connection: psycopg.Connection) -> None:
    with recorded(ROBOT):
        before = written(1)[0]
    with pytest.raises(psycopg.DatabaseError, match="append-only") as refused:
        owner_connection.execute(sql)
    assert refused.value.sqlstate == "KK901"
    assert AuditRow.objects.get(pk=before.pk).action == "test:thing:done"


TAMPERING = {
    "changed": (
        "UPDATE audit_auditrow SET data = '{\"number\": 99}' WHERE id = %(middle)s",
        "content was changed",
    ),
    "blamed": (
        'UPDATE audit_auditrow SET actor = \'{"kind": "staff"}\' WHERE id = %(middle)s',
        "content was changed",
    ),
    "deleted": ("DELETE FROM audit_auditrow WHERE id = %(middle)s", "missing or was moved"),
    "cut off": (
        "DELETE FROM audit_auditrow WHERE chain = %(chain)s AND chain_seq >= %(seq)s",
        "end of the chain is missing",
    ),
    "swapped": (
        "UPDATE audit_auditrow SET chain_seq = -chain_seq WHERE id IN (%(middle)s, %(last)s);"
        "UPDATE audit_auditrow SET chain_seq = %(seq)s WHERE id = %(last)s;"
        "UPDATE audit_auditrow SET chain_seq = %(seq)s + 1 WHERE id = %(middle)s",
        "content was changed",
    ),
    "inserted": (
        "INSERT INTO audit_auditrow (chain, chain_seq, action, actor, subject_type, subject_id, data, at,"
        " previous_hash, hash) SELECT chain, %(seq)s + 2, 'test:thing:forged', actor, '', '', '{}', at, hash, hash"
        " FROM audit_auditrow WHERE id = %(last)s",
        "content was changed",
    ),
}


@pytest.mark.requirement(42)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_past_every_guard_is_found_and_named(
    kind: str, owner_connection: psycopg.Connection
) -> None:
    """The owner takes the triggers away and rewrites: `verify_audit` names the first bad row."""
    with recorded(ROBOT):
        first, middle, last = written(3)
    assert first.chain == middle.chain == last.chain
    sql, reason = TAMPERING[kind]
    facts = {"middle": middle.pk, "last": last.pk, "chain": middle.chain, "seq": middle.chain_seq}
    with owner_connection.transaction(force_rollback=True):
        owner_connection.execute("ALTER TABLE audit_auditrow DISABLE TRIGGER USER")
        for statement in sql.split(";"):
            owner_connection.execute(statement.strip(), facts)
        found = _first_break_seen_by(owner_connection)
    assert found is not None
    assert found[0] == middle.chain
    assert found[1] in (middle.chain_seq, middle.chain_seq + 1, middle.chain_seq + 2, last.chain_seq)
    assert reason in found[3]
    assert first_break() is None, "rolled back, the record is sound again"


def _first_break_seen_by(session: psycopg.Connection) -> tuple[int, int, int | None, str] | None:
    return session.execute(recording._FIRST_BREAK).fetchone()


@pytest.mark.django_db
def test_the_command_says_sound_and_how_many(capsys) -> None:
    written(2)
    call_command("verify_audit")
    assert "Sound: " in capsys.readouterr().out


@pytest.mark.django_db
def test_the_command_fails_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_audit, "first_break", lambda: Break(3, 14, 159, "its content was changed"))
    with pytest.raises(CommandError, match="NOT sound: chain 3, position 14, row 159"):
        call_command("verify_audit")


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["done", "a:b", "A:b:c", "a:b:c:d", ""])
def test_an_action_has_one_form(action: str) -> None:
    with pytest.raises(ValueError, match="source:subject:action"):
        record(action, actor=ROBOT)


@pytest.mark.requirement(42)
@pytest.mark.django_db
def test_it_takes_no_secrets() -> None:
    before = AuditRow.objects.count()
    with pytest.raises(ValueError, match="no secrets"):
        record("test:thing:done", actor=ROBOT, data={"password": "x"})
    assert AuditRow.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_keep_every_chain_whole() -> None:
    def write(_n: int) -> None:
        with recorded(ROBOT):
            record("test:thing:done", actor=ROBOT)
            record("test:thing:done", actor=ROBOT)
        connections.close_all()

    before = AuditRow.objects.count()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(64)))
    assert AuditRow.objects.count() == before + 128
    assert first_break() is None
