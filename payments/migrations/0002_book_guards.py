"""The database itself guards the books: whoever writes, by whatever tool, these rules hold.

A balance follows its entries, never the other way round: inserting the entries of a journal is what moves the
balances, and a balance that moves in any other way is refused. Nothing here trusts a session setting or a role.
"""

from __future__ import annotations

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION ledger_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the books are append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'KK100';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_journal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite();
CREATE TRIGGER never_closed BEFORE DELETE OR TRUNCATE ON payments_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite();
CREATE TRIGGER never_forgotten BEFORE DELETE OR TRUNCATE ON payments_hold
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite();
"""
APPEND_ONLY_BACK = """
DROP TRIGGER append_only ON payments_journal;
DROP TRIGGER append_only ON payments_entry;
DROP TRIGGER never_closed ON payments_account;
DROP TRIGGER never_forgotten ON payments_hold;
DROP FUNCTION ledger_refuse_rewrite();
"""

# All legs of a journal must come in one INSERT. That makes the check cheap (one call per statement, over the new rows
# only) and stronger than a deferred one: not even inside a transaction are the books ever out of balance, and a
# journal that is written is closed, because a later leg could neither be complete nor find a free number.
ENTRIES_MOVE_BALANCES = """
CREATE FUNCTION ledger_book_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT journal_id, count(*) AS legs, max(leg) AS last_leg FROM written GROUP BY journal_id) w
        LEFT JOIN payments_journal j ON j.id = w.journal_id
        WHERE j.legs IS DISTINCT FROM w.legs OR w.last_leg <> w.legs
    ) THEN
        RAISE EXCEPTION 'the legs of a journal must be written together and completely' USING ERRCODE = 'KK101';
    END IF;
    IF EXISTS (
        SELECT FROM written w JOIN payments_account a ON a.id = w.account_id
        GROUP BY w.journal_id, a.currency HAVING sum(w.amount) <> 0
    ) THEN
        RAISE EXCEPTION 'the entries of a journal do not sum to zero' USING ERRCODE = 'KK102';
    END IF;
    UPDATE payments_account a SET balance = w.balance_after, seq = w.account_seq
    FROM written w
    WHERE a.id = w.account_id AND a.seq + 1 = w.account_seq AND a.balance + w.amount = w.balance_after;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> (SELECT count(*) FROM written) THEN
        RAISE EXCEPTION 'an entry does not follow the one before it on its account' USING ERRCODE = 'KK103';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER moves_balances AFTER INSERT ON payments_entry REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_book_entries();
"""
ENTRIES_MOVE_BALANCES_BACK = """
DROP TRIGGER moves_balances ON payments_entry;
DROP FUNCTION ledger_book_entries();
"""

BALANCES_FOLLOW_ENTRIES = """
CREATE FUNCTION ledger_guard_new_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an account begins empty' USING ERRCODE = 'KK104';
END $$;
CREATE TRIGGER begins_empty BEFORE INSERT ON payments_account
    FOR EACH ROW WHEN (NEW.balance <> 0 OR NEW.seq <> 0 OR NEW.held <> 0)
    EXECUTE FUNCTION ledger_guard_new_account();

CREATE FUNCTION ledger_guard_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> OLD.seq + 1 OR NOT EXISTS (
        SELECT FROM payments_entry e
        WHERE e.account_id = NEW.id AND e.account_seq = NEW.seq
          AND e.balance_after = NEW.balance AND e.amount = NEW.balance - OLD.balance
    ) THEN
        RAISE EXCEPTION 'a balance changes only by an entry' USING ERRCODE = 'KK105';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER follows_entries BEFORE UPDATE ON payments_account
    FOR EACH ROW WHEN (OLD.balance <> NEW.balance OR OLD.seq <> NEW.seq)
    EXECUTE FUNCTION ledger_guard_balance();

CREATE FUNCTION ledger_guard_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what an account is never changes' USING ERRCODE = 'KK106';
END $$;
CREATE TRIGGER stays_itself BEFORE UPDATE ON payments_account
    FOR EACH ROW WHEN (
        (OLD.id, OLD.kind, OLD.currency, OLD.stripe, OLD.owner_id, OLD.merchant_id, OLD.floor)
        IS DISTINCT FROM (NEW.id, NEW.kind, NEW.currency, NEW.stripe, NEW.owner_id, NEW.merchant_id, NEW.floor)
    )
    EXECUTE FUNCTION ledger_guard_identity();
"""
BALANCES_FOLLOW_ENTRIES_BACK = """
DROP TRIGGER stays_itself ON payments_account;
DROP TRIGGER follows_entries ON payments_account;
DROP TRIGGER begins_empty ON payments_account;
DROP FUNCTION ledger_guard_identity();
DROP FUNCTION ledger_guard_balance();
DROP FUNCTION ledger_guard_new_account();
"""

HELD_FOLLOWS_HOLDS = """
CREATE FUNCTION ledger_guard_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.held <> (
        SELECT coalesce(sum(h.amount), 0) FROM payments_hold h WHERE h.account_id = NEW.id AND h.state = 'open'
    ) THEN
        RAISE EXCEPTION 'what is held changes only by a hold' USING ERRCODE = 'KK107';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER follows_holds BEFORE UPDATE ON payments_account
    FOR EACH ROW WHEN (OLD.held <> NEW.held) EXECUTE FUNCTION ledger_guard_held();

CREATE FUNCTION ledger_guard_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' THEN
            RAISE EXCEPTION 'a hold begins open' USING ERRCODE = 'KK108';
        END IF;
        UPDATE payments_account SET held = held + NEW.amount WHERE id = NEW.account_id;
    ELSIF OLD.state <> 'open' OR NEW.state = 'open'
          OR (OLD.id, OLD.account_id, OLD.amount, OLD.event_key, OLD.placed_at)
             IS DISTINCT FROM (NEW.id, NEW.account_id, NEW.amount, NEW.event_key, NEW.placed_at) THEN
        RAISE EXCEPTION 'a hold is closed once and never altered' USING ERRCODE = 'KK108';
    ELSE
        UPDATE payments_account SET held = held - OLD.amount WHERE id = OLD.account_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER moves_held AFTER INSERT OR UPDATE ON payments_hold
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_hold();
"""
HELD_FOLLOWS_HOLDS_BACK = """
DROP TRIGGER moves_held ON payments_hold;
DROP TRIGGER follows_holds ON payments_account;
DROP FUNCTION ledger_guard_hold();
DROP FUNCTION ledger_guard_held();
"""

# Half of each page stays free, so that a new balance is a heap-only update on the same page.
ROOM_FOR_UPDATES = """
ALTER TABLE payments_account SET (fillfactor = 50);
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_tables")]

    operations = [
        migrations.RunSQL(ROOM_FOR_UPDATES, "ALTER TABLE payments_account RESET (fillfactor);"),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
        migrations.RunSQL(ENTRIES_MOVE_BALANCES, ENTRIES_MOVE_BALANCES_BACK),
        migrations.RunSQL(BALANCES_FOLLOW_ENTRIES, BALANCES_FOLLOW_ENTRIES_BACK),
        migrations.RunSQL(HELD_FOLLOWS_HOLDS, HELD_FOLLOWS_HOLDS_BACK),
    ]
