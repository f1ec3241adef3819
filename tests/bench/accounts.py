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


def deepen(bench: Bench, wallet: int, partner: int, entries: int) -> None:
    """So many more entries on two wallets, one journal each: in bulk, past the guards, as nobody else may."""
    _fill(
        bench,
        entries,
        f"""
        SELECT %(journal)s + n, side.account, a.seq + n, side.leg, side.sign * CASE n %% 2 WHEN 1 THEN -7 ELSE 7 END,
               a.balance + side.sign * CASE n %% 2 WHEN 1 THEN -7 ELSE 0 END
        FROM generate_series(1, %(journals)s) n
        CROSS JOIN (VALUES ({wallet}, 1, 1), ({partner}, 2, -1)) side (account, leg, sign)
        JOIN payments_account a ON a.id = side.account
        """,
    )


def grow(bench: Bench, found: Wallets, entries: int) -> None:
    """Spread so many more entries evenly over all wallets: each in turn pays its neighbour and is paid."""
    last = found.first + found.count - 1
    _fill(
        bench,
        entries // 2,
        f"""
        SELECT %(journal)s + n, side.account, a.seq + 2 * ((n - 1) / {found.count}) + 3 - side.leg, side.leg,
               CASE side.leg WHEN 1 THEN -7 ELSE 7 END, a.balance + CASE side.leg WHEN 1 THEN 0 ELSE 7 END
        FROM generate_series(1, %(journals)s) n
        CROSS JOIN LATERAL (VALUES
            ({found.first} + (n - 1) %% {found.count}, 1),
            (CASE WHEN n %% {found.count} = 0 THEN {found.first} ELSE {found.first} + n %% {found.count} END, 2)
        ) side (account, leg)
        JOIN payments_account a ON a.id = side.account AND a.id <= {last}
        """,
    )


def _fill(bench: Bench, journals: int, legs: str) -> None:
    owner = bench.owner()
    tables = ("payments_journal", "payments_entry", "payments_account")
    with owner.transaction():
        for table in tables:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        (journal,) = owner.execute("SELECT coalesce(max(id), 0) FROM payments_journal").fetchone() or (0,)
        given = {"journal": journal, "journals": journals}
        owner.execute(
            "INSERT INTO payments_journal (id, event_key, fingerprint, kind, reference, legs, occurred_at, actor)"
            " SELECT %(journal)s + n, 'fill:' || %(journal)s + n, '\\x00', 'send', 'fill', 2, now(),"
            ' \'{"kind": "system"}\' FROM generate_series(1, %(journals)s) n',
            given,
        )
        owner.execute(
            "INSERT INTO payments_entry (journal_id, account_id, account_seq, leg, amount, balance_after) "
            + legs,
            given,
        )
        owner.execute(
            "UPDATE payments_account a SET seq = e.last, balance = l.balance_after"
            " FROM (SELECT account_id, max(account_seq) AS last FROM payments_entry WHERE journal_id > %(journal)s"
            " GROUP BY account_id) e JOIN payments_entry l ON l.account_id = e.account_id AND l.account_seq = e.last"
            " WHERE a.id = e.account_id",
            given,
        )
        owner.execute(
            "SELECT setval(pg_get_serial_sequence('payments_journal', 'id'), max(id)) FROM payments_journal"
        )
        # Else the references that are checked at the end would keep the tables from being altered.
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    owner.execute("VACUUM ANALYZE")
