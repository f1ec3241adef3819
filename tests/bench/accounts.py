"""Wallets with money to move, and the same tables without what makes them books."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.bench import Bench

WALLETS = 10_000
MONEY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Wallets:
    """`count` wallets of customers, numbered without a gap from `first`."""

    first: int
    count: int = WALLETS


def wallets(bench: Bench) -> Wallets:
    """Ten thousand customers with a full wallet each; made once a run."""
    owner = bench.owner()
    known = owner.execute(
        "SELECT min(a.id), count(*), max(a.id) FROM payments_account a JOIN accounts_user u ON u.id = a.owner_id"
        " WHERE u.full_name = 'Bench' AND a.kind = 'wallet'"
    ).fetchone()
    if known is None or known[1] == 0:
        owner.execute(
            """
            INSERT INTO accounts_user (public_id, kind, email, full_name, language, password, is_staff, is_active,
                is_superuser)
            SELECT gen_random_uuid(), 'customer', 'bench.' || n || '@example.com', 'Bench', 'ja', '!', false, true,
                false
            FROM generate_series(1, %s) n
            """,
            [WALLETS],
        )
        owner.execute(
            """
            SELECT count(ledger_post_top_up('bench:' || a.id, 'bench', a.id, 'JPY', %s))
            FROM payments_account a JOIN accounts_user u ON u.id = a.owner_id WHERE u.full_name = 'Bench'
            """,
            [MONEY],
        )
        owner.execute("VACUUM ANALYZE")
        return wallets(bench)
    first, count, last = known
    if last - first + 1 != count:
        raise RuntimeError("the wallets of the bench are not numbered without a gap")
    return Wallets(first, count)


def bare_books(bench: Bench, found: Wallets) -> None:
    """Accounts, journals and entries as plain tables: the same columns and keys, no check, no trigger, no order."""
    owner = bench.owner()
    owner.execute("CREATE SCHEMA IF NOT EXISTS bare")
    for name in ("account", "journal", "entry"):
        owner.execute(
            f"CREATE TABLE IF NOT EXISTS bare.{name} (LIKE payments_{name} INCLUDING DEFAULTS INCLUDING STORAGE)"
        )
    owner.execute(
        """
        ALTER TABLE bare.account SET (fillfactor = 50);
        CREATE UNIQUE INDEX IF NOT EXISTS account_id ON bare.account (id);
        CREATE SEQUENCE IF NOT EXISTS bare.journal_number;
        ALTER TABLE bare.journal ALTER id SET DEFAULT nextval('bare.journal_number');
        CREATE UNIQUE INDEX IF NOT EXISTS journal_id ON bare.journal (id);
        CREATE UNIQUE INDEX IF NOT EXISTS journal_key ON bare.journal (event_key);
        CREATE UNIQUE INDEX IF NOT EXISTS entry_number ON bare.entry (account_id, account_seq);
        CREATE UNIQUE INDEX IF NOT EXISTS entry_leg ON bare.entry (journal_id, leg);
        GRANT USAGE ON SCHEMA bare TO PUBLIC;
        GRANT ALL ON ALL TABLES IN SCHEMA bare TO PUBLIC;
        GRANT USAGE ON SEQUENCE bare.journal_number TO PUBLIC;
        """
    )
    owner.execute(
        "INSERT INTO bare.account SELECT * FROM payments_account WHERE id BETWEEN %s AND %s ON CONFLICT DO NOTHING",
        [found.first, found.first + found.count - 1],
    )
    owner.execute("VACUUM ANALYZE")
