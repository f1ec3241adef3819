"""What acts with the owner's rights cannot be borrowed by the application's role."""

from __future__ import annotations

import psycopg
import pytest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.requirement(25)
@pytest.mark.requirement(42)
@pytest.mark.parametrize(
    ("table", "function", "event"),
    [
        ("accounts_user", "accounts_user_changed", "AFTER UPDATE"),
        ("accounts_recoverycodeset", "accounts_recovery_set_changed", "AFTER DELETE"),
        ("accounts_user", "ledger_open_wallet", "AFTER INSERT"),
        ("accounts_changeundo", "support_open_undo_case", "AFTER INSERT"),
        ("audit_auditrow", "audit_chain_row", "BEFORE INSERT"),
    ],
)
def test_no_guard_hangs_on_a_table_of_ones_own(
    table: str, function: str, event: str, application_connection: psycopg.Connection
) -> None:
    application_connection.execute(f"CREATE TEMP TABLE mine (LIKE {table} INCLUDING DEFAULTS)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute(
            f"CREATE TRIGGER forged {event} ON mine FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def test_nobody_but_the_application_calls_what_acts_as_the_owner(
    owner_connection: psycopg.Connection,
) -> None:
    open_to_all = owner_connection.execute(
        "SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND a.grantee = 0"
    ).fetchall()
    assert open_to_all == []
