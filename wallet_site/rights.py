"""What the application's database role may do to each table.

A model names its rights in `database_rights`; without it the role may do everything but TRUNCATE. Append-only tables
and the books thereby refuse a rewrite even where a trigger were missing: the role does not own them.
"""

from __future__ import annotations

from django.apps import apps
from django.db import connection, models
from django.db.backends.utils import CursorWrapper

EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE")
NO_DELETE = ("SELECT", "INSERT", "UPDATE")
APPEND_ONLY = ("SELECT", "INSERT")
READ_ONLY = ("SELECT",)


def rights_of(model: type[models.Model]) -> tuple[str, ...]:
    """The rights that `model` claims for the application's role."""
    rights: tuple[str, ...] = getattr(model, "database_rights", EVERYTHING)
    return rights


def grant_to(role: str) -> int:
    """Give `role` exactly the named rights on every table, in one transaction. Returns the number of tables.

    A repeat changes nothing. Must run as the tables' owner; raises `ProgrammingError` otherwise.
    """
    quoted = connection.ops.quote_name(role)
    tables = 0
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if not model._meta.managed or model._meta.proxy:
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"REVOKE ALL ON {table} FROM {quoted}")
            cursor.execute(f"GRANT {', '.join(rights_of(model))} ON {table} TO {quoted}")
            tables += 1
        cursor.execute(f"GRANT SELECT ON django_migrations TO {quoted}")
        _grant_functions(cursor, quoted)
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
    return tables


def _grant_functions(cursor: CursorWrapper, quoted_role: str) -> None:
    """Functions that act with the owner's rights: only the books' are called by the application, the rest by triggers.

    Firing a trigger asks for no right, making one does: with PUBLIC's usual right the role could hang the guards'
    functions on a temporary table of its own and so forge changes, and their notices, for anybody.
    """
    cursor.execute(
        "SELECT p.oid::regprocedure::text, p.proname LIKE 'ledger\\_%' AND p.prorettype <> 'trigger'::regtype"
        " FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND r.rolname = current_user"
    )
    for function, is_called in cursor.fetchall():
        cursor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC, {quoted_role}")
        if is_called:
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {quoted_role}")
