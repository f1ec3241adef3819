"""The posting functions: the only way into the books for the application, whose role may merely read the tables.

SQLSTATE class KK, mapped to typed errors in `payments.posting`: KK001 event key used for another request, KK002 unknown
account, KK003 currencies differ, KK004 funds insufficient, KK005 frozen, KK006 limit reached, KK007 hold not open,
KK008 refund too high, KK009 bad amount.
"""

from __future__ import annotations

from django.db import migrations

ACTOR = """
CREATE FUNCTION ledger_actor() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('kakehashi.actor', true), '')::jsonb, '{"kind": "database"}'::jsonb)
$$;
"""

# Money that must be taken back (a dispute, a correction) leaves a frozen wallet too; nothing else does.
FREEZE = """
CREATE FUNCTION ledger_frozen_until(p_kind text, p_account payments_account) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_kind IN ('top_up_reversal', 'correction') THEN NULL
        WHEN p_kind = 'send' THEN p_account.send_frozen_until
        ELSE p_account.spend_frozen_until
    END
$$;
"""

# The fast form. Both accounts are locked in the order of their ids, so that opposite transfers cannot deadlock.
POST = """
CREATE FUNCTION ledger_post(
    p_event_key text, p_kind text, p_reference text, p_debit bigint, p_credit bigint, p_amount bigint,
    p_reversal_of bigint DEFAULT NULL, OUT posted_journal bigint, OUT is_repeat boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked bytea := sha256(convert_to(
        concat_ws('|', p_kind, p_debit, p_credit, p_amount, coalesce(p_reversal_of, 0), p_reference), 'UTF8'));
    known bytea;
    debit payments_account;
    credit payments_account;
BEGIN
    INSERT INTO payments_journal (event_key, fingerprint, kind, reference, legs, occurred_at, actor, reversal_of_id)
    VALUES (p_event_key, asked, p_kind, p_reference, 2, clock_timestamp(), ledger_actor(), p_reversal_of)
    ON CONFLICT (event_key) DO NOTHING RETURNING id INTO posted_journal;
    IF posted_journal IS NULL THEN
        SELECT id, fingerprint INTO posted_journal, known FROM payments_journal WHERE event_key = p_event_key;
        IF known <> asked THEN
            RAISE EXCEPTION 'event key % names another posting', p_event_key USING ERRCODE = 'KK001';
        END IF;
        is_repeat := true;
        RETURN;
    END IF;
    IF p_amount IS NULL OR p_amount <= 0 THEN
        RAISE EXCEPTION 'an amount must be above zero' USING ERRCODE = 'KK009';
    END IF;
    IF p_debit < p_credit THEN
        SELECT * INTO debit FROM payments_account WHERE id = p_debit FOR NO KEY UPDATE;
        SELECT * INTO credit FROM payments_account WHERE id = p_credit FOR NO KEY UPDATE;
    ELSE
        SELECT * INTO credit FROM payments_account WHERE id = p_credit FOR NO KEY UPDATE;
        SELECT * INTO debit FROM payments_account WHERE id = p_debit FOR NO KEY UPDATE;
    END IF;
    IF debit.id IS NULL OR credit.id IS NULL OR debit.id = credit.id THEN
        RAISE EXCEPTION 'unknown account' USING ERRCODE = 'KK002';
    ELSIF debit.currency <> credit.currency THEN
        RAISE EXCEPTION 'the accounts hold different currencies' USING ERRCODE = 'KK003';
    ELSIF ledger_frozen_until(p_kind, debit) > clock_timestamp() THEN
        RAISE EXCEPTION 'account % is frozen', p_debit USING ERRCODE = 'KK005';
    ELSIF debit.balance - debit.held - p_amount < debit.floor THEN
        RAISE EXCEPTION 'account % has not enough', p_debit USING ERRCODE = 'KK004';
    END IF;
    INSERT INTO payments_entry (account_id, account_seq, journal_id, leg, amount, balance_after) VALUES
        (p_debit, debit.seq + 1, posted_journal, 1, -p_amount, debit.balance - p_amount),
        (p_credit, credit.seq + 1, posted_journal, 2, p_amount, credit.balance + p_amount);
    is_repeat := false;
END $$;
"""

# The general form: legs as two arrays of equal length, each account once. The guard proves that they sum to zero.
POST_LEGS = """
CREATE FUNCTION ledger_post_legs(
    p_event_key text, p_kind text, p_reference text, p_accounts bigint[], p_amounts bigint[],
    p_reversal_of bigint DEFAULT NULL, OUT posted_journal bigint, OUT is_repeat boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked bytea := sha256(convert_to(
        concat_ws('|', p_kind, p_accounts, p_amounts, coalesce(p_reversal_of, 0), p_reference), 'UTF8'));
    known bytea;
    legs int := cardinality(p_accounts);
    locked bigint;
    refused record;
BEGIN
    IF legs < 2 OR legs <> cardinality(p_amounts) OR 0 = ANY (p_amounts)
       OR legs <> (SELECT count(DISTINCT account) FROM unnest(p_accounts) AS account) THEN
        RAISE EXCEPTION 'each leg needs an account of its own and an amount' USING ERRCODE = 'KK009';
    END IF;
    INSERT INTO payments_journal (event_key, fingerprint, kind, reference, legs, occurred_at, actor, reversal_of_id)
    VALUES (p_event_key, asked, p_kind, p_reference, legs, clock_timestamp(), ledger_actor(), p_reversal_of)
    ON CONFLICT (event_key) DO NOTHING RETURNING id INTO posted_journal;
    IF posted_journal IS NULL THEN
        SELECT id, fingerprint INTO posted_journal, known FROM payments_journal WHERE event_key = p_event_key;
        IF known <> asked THEN
            RAISE EXCEPTION 'event key % names another posting', p_event_key USING ERRCODE = 'KK001';
        END IF;
        is_repeat := true;
        RETURN;
    END IF;
    PERFORM FROM payments_account WHERE id = ANY (p_accounts) ORDER BY id FOR NO KEY UPDATE;
    GET DIAGNOSTICS locked = ROW_COUNT;
    IF locked <> legs THEN
        RAISE EXCEPTION 'unknown account' USING ERRCODE = 'KK002';
    END IF;
    SELECT a.id, ledger_frozen_until(p_kind, a) > clock_timestamp() AS frozen INTO refused
    FROM unnest(p_accounts, p_amounts) AS leg (account, amount) JOIN payments_account a ON a.id = leg.account
    WHERE leg.amount < 0
      AND (ledger_frozen_until(p_kind, a) > clock_timestamp() OR a.balance - a.held + leg.amount < a.floor)
    ORDER BY frozen DESC NULLS LAST LIMIT 1;
    IF refused.frozen THEN
        RAISE EXCEPTION 'account % is frozen', refused.id USING ERRCODE = 'KK005';
    ELSIF refused.id IS NOT NULL THEN
        RAISE EXCEPTION 'account % has not enough', refused.id USING ERRCODE = 'KK004';
    END IF;
    INSERT INTO payments_entry (account_id, account_seq, journal_id, leg, amount, balance_after)
    SELECT a.id, a.seq + 1, posted_journal, leg.number, leg.amount, a.balance + leg.amount
    FROM unnest(p_accounts, p_amounts) WITH ORDINALITY AS leg (account, amount, number)
    JOIN payments_account a ON a.id = leg.account;
    is_repeat := false;
END $$;
"""

HOLDS = """
CREATE FUNCTION ledger_place_hold(
    p_event_key text, p_kind text, p_reference text, p_account bigint, p_amount bigint, p_expires_at timestamptz,
    OUT placed_hold bigint, OUT is_repeat boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    account payments_account;
    known payments_hold;
BEGIN
    IF p_amount IS NULL OR p_amount <= 0 THEN
        RAISE EXCEPTION 'an amount must be above zero' USING ERRCODE = 'KK009';
    END IF;
    SELECT * INTO account FROM payments_account WHERE id = p_account FOR NO KEY UPDATE;
    IF account.id IS NULL THEN
        RAISE EXCEPTION 'unknown account' USING ERRCODE = 'KK002';
    END IF;
    -- The account's lock is ours: a hold with this key is either visible now or will never be.
    SELECT * INTO known FROM payments_hold WHERE event_key = p_event_key;
    IF known.id IS NOT NULL THEN
        IF (known.account_id, known.amount, known.reference) IS DISTINCT FROM (p_account, p_amount, p_reference) THEN
            RAISE EXCEPTION 'event key % names another hold', p_event_key USING ERRCODE = 'KK001';
        END IF;
        placed_hold := known.id;
        is_repeat := true;
        RETURN;
    END IF;
    IF ledger_frozen_until(p_kind, account) > clock_timestamp() THEN
        RAISE EXCEPTION 'account % is frozen', p_account USING ERRCODE = 'KK005';
    ELSIF account.balance - account.held - p_amount < account.floor THEN
        RAISE EXCEPTION 'account % has not enough', p_account USING ERRCODE = 'KK004';
    END IF;
    INSERT INTO payments_hold (account_id, event_key, reference, amount, expires_at)
    VALUES (p_account, p_event_key, p_reference, p_amount, p_expires_at) RETURNING id INTO placed_hold;
    is_repeat := false;
END $$;

-- Closing twice is refused (KK007), so that a release and a capture cannot both win. The accounts are locked first and
-- in order, as everywhere, and the capture is posted after the hold let go: the floor then counts the money once.
CREATE FUNCTION ledger_capture_hold(
    p_hold bigint, p_event_key text, p_kind text, p_credit bigint, p_amount bigint, OUT posted_journal bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    hold payments_hold;
    now_exactly timestamptz;
    account payments_account;
    credit payments_account;
BEGIN
    SELECT * INTO hold FROM payments_hold WHERE id = p_hold;
    PERFORM FROM payments_account WHERE id IN (hold.account_id, p_credit) ORDER BY id FOR NO KEY UPDATE;
    SELECT * INTO hold FROM payments_hold WHERE id = p_hold FOR UPDATE;
    now_exactly := clock_timestamp();
    IF hold.id IS NULL OR hold.state <> 'open' OR hold.expires_at <= now_exactly THEN
        RAISE EXCEPTION 'the hold is not open' USING ERRCODE = 'KK007';
    ELSIF p_amount IS NULL OR p_amount <= 0 OR p_amount > hold.amount THEN
        RAISE EXCEPTION 'a capture takes at most what is held' USING ERRCODE = 'KK009';
    END IF;
    SELECT * INTO account FROM payments_account WHERE id = hold.account_id;
    SELECT * INTO credit FROM payments_account WHERE id = p_credit;
    IF credit.id IS NULL OR credit.id = account.id THEN
        RAISE EXCEPTION 'unknown account' USING ERRCODE = 'KK002';
    ELSIF credit.currency <> account.currency THEN
        RAISE EXCEPTION 'the accounts hold different currencies' USING ERRCODE = 'KK003';
    ELSIF ledger_frozen_until(p_kind, account) > now_exactly THEN
        RAISE EXCEPTION 'account % is frozen', account.id USING ERRCODE = 'KK005';
    END IF;
    INSERT INTO payments_journal (event_key, fingerprint, kind, reference, legs, occurred_at, actor)
    VALUES (p_event_key, sha256(convert_to(concat_ws('|', p_kind, p_hold, p_credit, p_amount), 'UTF8')),
            p_kind, hold.reference, 2, now_exactly, ledger_actor())
    RETURNING id INTO posted_journal;
    UPDATE payments_hold SET state = 'captured', captured = p_amount, journal_id = posted_journal,
                             closed_at = now_exactly
    WHERE id = p_hold;
    INSERT INTO payments_entry (account_id, account_seq, journal_id, leg, amount, balance_after) VALUES
        (account.id, account.seq + 1, posted_journal, 1, -p_amount, account.balance - p_amount),
        (credit.id, credit.seq + 1, posted_journal, 2, p_amount, credit.balance + p_amount);
END $$;

-- Releases an open hold; 'expired' only when it is past its time. True when this call closed it.
CREATE FUNCTION ledger_release_hold(p_hold bigint, p_state text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM payments_account WHERE id = (SELECT account_id FROM payments_hold WHERE id = p_hold)
        FOR NO KEY UPDATE;
    UPDATE payments_hold SET state = p_state, closed_at = clock_timestamp()
    WHERE id = p_hold AND state = 'open' AND (p_state = 'released' OR expires_at <= clock_timestamp());
    RETURN FOUND;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_book_guards")]

    operations = [
        migrations.RunSQL(ACTOR, "DROP FUNCTION ledger_actor();"),
        migrations.RunSQL(FREEZE, "DROP FUNCTION ledger_frozen_until(text, payments_account);"),
        migrations.RunSQL(
            POST, "DROP FUNCTION ledger_post(text, text, text, bigint, bigint, bigint, bigint);"
        ),
        migrations.RunSQL(
            POST_LEGS, "DROP FUNCTION ledger_post_legs(text, text, text, bigint[], bigint[], bigint);"
        ),
        migrations.RunSQL(
            HOLDS,
            """
            DROP FUNCTION ledger_release_hold(bigint, text);
            DROP FUNCTION ledger_capture_hold(bigint, text, text, bigint, bigint);
            DROP FUNCTION ledger_place_hold(text, text, text, bigint, bigint, timestamptz);
            """,
        ),
    ]
