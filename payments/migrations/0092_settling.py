"""Settling a merchant's day: one call, one journal, and every entry of a payable account settled exactly once."""

from __future__ import annotations

from django.db import migrations

GUARDS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_settlement
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_settledrange
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite();

-- Rounded down, in the merchant's favour, also below zero: the rule stands here and nowhere else.
CREATE FUNCTION ledger_merchant_fee(p_amount bigint, p_basis_points int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT floor(p_amount::numeric * p_basis_points / 10000)::bigint
$$;
ALTER TABLE payments_settlement ADD CONSTRAINT payments_settlement_fee
    CHECK (fee = ledger_merchant_fee(payments - refunds, fee_basis_points));

-- Without a gap and without an overlap: no entry is settled twice, none is left out for good.
CREATE FUNCTION ledger_guard_settled_range() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.first_seq <> 1 + coalesce(
           (SELECT max(r.last_seq) FROM payments_settledrange r WHERE r.account_id = NEW.account_id), 0)
       OR NEW.last_seq > (SELECT a.seq FROM payments_account a WHERE a.id = NEW.account_id) THEN
        RAISE EXCEPTION 'a settled range begins where the one before it ended' USING ERRCODE = 'KK119';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER follows_ranges BEFORE INSERT ON payments_settledrange
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_settled_range();
"""
GUARDS_BACK = """
DROP TRIGGER follows_ranges ON payments_settledrange;
DROP FUNCTION ledger_guard_settled_range();
ALTER TABLE payments_settlement DROP CONSTRAINT payments_settlement_fee;
DROP FUNCTION ledger_merchant_fee(bigint, int);
DROP TRIGGER append_only ON payments_settledrange;
DROP TRIGGER append_only ON payments_settlement;
"""

# What the payables hold that no settlement covers, and the day in Tokyo on which the oldest of it happened. A settled
# day is closed: what the clock says of an entry that came in late, it belongs to the day after the last settled one.
UNSETTLED = """
CREATE FUNCTION payments_unsettled_day(p_merchant bigint, p_currency text) RETURNS date
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT greatest(
        min((oldest.occurred_at AT TIME ZONE 'Asia/Tokyo')::date),
        (SELECT max(s.day) + 1 FROM payments_settlement s WHERE s.merchant_id = p_merchant AND s.currency = p_currency)
    )
    FROM payments_account a
    CROSS JOIN LATERAL (
        SELECT j.occurred_at FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
        WHERE e.account_id = a.id AND j.kind <> 'settlement' AND e.account_seq > coalesce(
            (SELECT max(r.last_seq) FROM payments_settledrange r WHERE r.account_id = a.id), 0)
        ORDER BY e.account_seq LIMIT 1
    ) oldest
    WHERE a.kind = 'merchant_payable' AND a.merchant_id = p_merchant AND a.currency = p_currency
    HAVING count(*) > 0
$$;
"""

# Entries of an account are numbered in the order in which they committed, so what is visible has no gap and nothing
# can slip in below it: no lock is held while a chain's day is summed up. The settlement's own legs are no sales.
SETTLE = """
CREATE FUNCTION ledger_settle_merchant(
    p_merchant bigint, p_day date, p_currency text, OUT settlement bigint, OUT is_repeat boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ends timestamptz := (p_day + 1)::timestamp AT TIME ZONE 'Asia/Tokyo';
    next_number bigint := nextval(pg_get_serial_sequence('payments_settlement', 'id'));
    rate int := (SELECT fee_basis_points FROM payments_merchant WHERE id = p_merchant);
    summed record;
    fee bigint;
    accounts bigint[];
    amounts bigint[];
    journal bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('settlement ' || p_merchant || ' ' || p_currency, 6));
    is_repeat := true;
    SELECT s.id INTO settlement FROM payments_settlement s
    WHERE s.merchant_id = p_merchant AND s.day = p_day AND s.currency = p_currency;
    IF settlement IS NOT NULL THEN
        RETURN;
    ELSIF ends > clock_timestamp() OR p_day < (
        SELECT max(s.day) FROM payments_settlement s WHERE s.merchant_id = p_merchant AND s.currency = p_currency
    ) THEN
        RAISE EXCEPTION 'a day is settled once it is over, and days one after the other' USING ERRCODE = 'KK020';
    END IF;

    INSERT INTO payments_settledrange (settlement_id, account_id, first_seq, last_seq)
    SELECT next_number, a.id, settled.until + 1, reach.until
    FROM payments_account a
    CROSS JOIN LATERAL (
        SELECT coalesce(max(r.last_seq), 0) AS until FROM payments_settledrange r WHERE r.account_id = a.id
    ) settled
    CROSS JOIN LATERAL (
        SELECT coalesce(
            min(e.account_seq) FILTER (WHERE j.occurred_at >= ends AND j.kind <> 'settlement') - 1, max(e.account_seq)
        ) AS until
        FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
        WHERE e.account_id = a.id AND e.account_seq > settled.until
    ) reach
    WHERE a.kind = 'merchant_payable' AND a.merchant_id = p_merchant AND a.currency = p_currency
      AND reach.until > settled.until;

    WITH settled AS (
        SELECT e.account_id, e.amount, j.kind
        FROM payments_settledrange r
        JOIN payments_entry e ON e.account_id = r.account_id AND e.account_seq BETWEEN r.first_seq AND r.last_seq
        JOIN payments_journal j ON j.id = e.journal_id
        WHERE r.settlement_id = next_number AND j.kind <> 'settlement'
    ), sums AS (
        SELECT account_id, sum(amount)::bigint AS amount FROM settled GROUP BY account_id HAVING sum(amount) <> 0
    )
    SELECT count(*) AS entries,
           coalesce(sum(amount) FILTER (WHERE kind = 'payment'), 0)::bigint AS payments,
           count(*) FILTER (WHERE kind = 'payment') AS payment_count,
           coalesce(-sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunds,
           count(*) FILTER (WHERE kind = 'refund') AS refund_count,
           coalesce(sum(amount) FILTER (WHERE kind NOT IN ('payment', 'refund')), 0)::bigint AS corrections,
           (SELECT array_agg(account_id ORDER BY account_id) FROM sums) AS accounts,
           (SELECT array_agg(-amount ORDER BY account_id) FROM sums) AS amounts
    INTO summed FROM settled;
    IF summed.entries = 0 THEN
        -- Nothing but the legs of an earlier settlement: that is no day. Undone with the ranges.
        RAISE EXCEPTION 'there is nothing to settle' USING ERRCODE = 'KK021';
    END IF;

    fee := ledger_merchant_fee(summed.payments - summed.refunds, rate);
    accounts := summed.accounts;
    amounts := summed.amounts;
    IF fee <> 0 THEN
        accounts := accounts || ledger_own_account('fees', p_currency, p_merchant);
        amounts := amounts || fee;
    END IF;
    IF summed.payments - summed.refunds + summed.corrections <> fee THEN
        accounts := accounts || ledger_own_account('merchant_settlement', p_currency, p_merchant);
        amounts := amounts || (summed.payments - summed.refunds + summed.corrections - fee);
    END IF;
    IF cardinality(accounts) > 0 THEN
        SELECT posted_journal INTO journal FROM ledger_post_legs(
            'settlement:' || p_merchant || ':' || p_currency || ':' || p_day, 'settlement',
            p_merchant || ' ' || p_day, accounts, amounts);
    END IF;
    INSERT INTO payments_settlement (id, public_id, merchant_id, day, currency, payments, payment_count, refunds,
        refund_count, corrections, fee_basis_points, fee, payout, journal_id)
    VALUES (next_number, gen_random_uuid(), p_merchant, p_day, p_currency, summed.payments, summed.payment_count,
        summed.refunds, summed.refund_count, summed.corrections, rate, fee,
        summed.payments - summed.refunds + summed.corrections - fee, journal);
    settlement := next_number;
    is_repeat := false;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0091_settlements")]

    operations = [
        migrations.RunSQL(GUARDS, GUARDS_BACK),
        migrations.RunSQL(UNSETTLED, "DROP FUNCTION payments_unsettled_day(bigint, text);"),
        migrations.RunSQL(SETTLE, "DROP FUNCTION ledger_settle_merchant(bigint, date, text);"),
    ]
