"""A store payment is one call: code, limit, posting and the payment's own row, or a decline with its reason."""

from __future__ import annotations

from django.db import migrations

# A day is Tokyo's. The row is what makes the limit race-proof: its lock orders the payments of one wallet, and its
# CHECK refuses a total above the cap. A refund gives no quota back: else pay and refund would wash any amount through.
SPENDING = """
CREATE FUNCTION ledger_count_spending(p_wallet bigint, p_amount bigint, p_per_payment bigint, p_per_day bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF p_amount <= p_per_payment AND p_amount <= p_per_day THEN
        INSERT INTO payments_spendingday AS today (wallet_id, day, spent, cap)
        VALUES (p_wallet, (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')::date, p_amount, p_per_day)
        ON CONFLICT (wallet_id, day) DO UPDATE SET spent = today.spent + excluded.spent, cap = excluded.cap
        WHERE today.spent + excluded.spent <= excluded.cap;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION 'the limit is reached' USING ERRCODE = 'KK006';
END $$;
"""

# The inner block is one subtransaction: a decline takes back the claim of the code and the count of the limit with
# it, so each rule stands in one place only. Two requests with one key wait for each other at the advisory lock.
# Locks are taken in this order everywhere: code, spending day, accounts by id.
TAKE = """
CREATE FUNCTION ledger_take_store_payment(
    p_terminal bigint, p_idempotency_key text, p_fingerprint bytea, p_reference text,
    p_code_digest bytea, p_amount bigint, p_currency text, p_per_payment bigint, p_per_day bigint,
    OUT payment bigint, OUT is_repeat boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    known bytea;
    number uuid := gen_random_uuid();
    shop record;
    code payments_onetimecode;
    wallet bigint;
    payable bigint;
    journal bigint;
    reason text := '';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_terminal || ' ' || p_idempotency_key, 1));
    SELECT id, fingerprint INTO payment, known FROM payments_payment
    WHERE terminal_id = p_terminal AND idempotency_key = p_idempotency_key;
    IF payment IS NOT NULL THEN
        IF known <> p_fingerprint THEN
            RAISE EXCEPTION 'this key names another payment' USING ERRCODE = 'KK001';
        END IF;
        is_repeat := true;
        RETURN;
    END IF;
    SELECT s.id, s.merchant_id, t.revoked_at IS NULL AND s.is_active AND m.is_active AS open INTO shop
    FROM payments_terminal t JOIN payments_store s ON s.id = t.store_id JOIN payments_merchant m ON m.id = s.merchant_id
    WHERE t.id = p_terminal;

    SELECT * INTO code FROM payments_onetimecode WHERE digest = p_code_digest FOR NO KEY UPDATE;
    reason := CASE
        WHEN shop.open IS NOT TRUE THEN 'store-closed'
        WHEN code.id IS NULL THEN 'code-unknown'
        WHEN code.used_at IS NOT NULL THEN 'code-used'
        WHEN code.revoked_at IS NOT NULL OR code.expires_at <= clock_timestamp() THEN 'code-expired'
        WHEN NOT (SELECT u.is_active FROM accounts_user u WHERE u.id = code.customer_id) THEN 'not-possible'
        ELSE ''
    END;
    IF code.id IS NOT NULL THEN
        wallet := ledger_wallet_of(code.customer_id, p_currency);
        payable := ledger_payable_account(shop.merchant_id, p_currency, wallet);
    END IF;
    IF reason = '' THEN
        BEGIN
            UPDATE payments_onetimecode SET used_at = clock_timestamp() WHERE id = code.id;
            PERFORM ledger_count_spending(wallet, p_amount, p_per_payment, p_per_day);
            SELECT posted_journal INTO journal
            FROM ledger_post('payment:' || number, 'payment', number::text, wallet, payable, p_amount);
        EXCEPTION
            WHEN SQLSTATE 'KK004' THEN reason := 'insufficient-funds'; journal := NULL;
            WHEN SQLSTATE 'KK005' THEN reason := 'not-possible'; journal := NULL;
            WHEN SQLSTATE 'KK006' THEN reason := 'over-limit'; journal := NULL;
        END;
    END IF;
    INSERT INTO payments_payment (public_id, terminal_id, store_id, reference, idempotency_key, fingerprint, amount,
        currency, status, decline_reason, customer_id, code_id, wallet_id, payable_id, journal_id, captured)
    VALUES (number, p_terminal, shop.id, p_reference, p_idempotency_key, p_fingerprint, p_amount,
        p_currency, CASE WHEN reason = '' THEN 'captured' ELSE 'declined' END, reason,
        code.customer_id, code.id, wallet, payable, journal, CASE WHEN reason = '' THEN p_amount ELSE 0 END)
    RETURNING id INTO payment;
    is_repeat := false;
END $$;
"""

# Any terminal of the merchant may refund. The guarded UPDATE and the CHECK on the row keep all refunds together below
# what was captured; a frozen wallet still receives its money.
REFUND = """
CREATE FUNCTION ledger_refund_store_payment(
    p_terminal bigint, p_idempotency_key text, p_payment uuid, p_amount bigint,
    OUT refund bigint, OUT is_repeat boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    known record;
    paid payments_payment;
    number uuid := gen_random_uuid();
    journal bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_terminal || ' ' || p_idempotency_key, 2));
    SELECT r.id, r.amount, p.public_id INTO known FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
    WHERE r.terminal_id = p_terminal AND r.idempotency_key = p_idempotency_key;
    IF known.id IS NOT NULL THEN
        IF (known.amount, known.public_id) IS DISTINCT FROM (p_amount, p_payment) THEN
            RAISE EXCEPTION 'this key names another refund' USING ERRCODE = 'KK001';
        END IF;
        refund := known.id;
        is_repeat := true;
        RETURN;
    END IF;
    UPDATE payments_payment SET refunded = refunded + p_amount
    WHERE public_id = p_payment AND status = 'captured' AND refunded + p_amount <= captured
    RETURNING * INTO paid;
    IF paid.id IS NULL THEN
        RAISE EXCEPTION 'a refund gives back at most what is left of a captured payment' USING ERRCODE = 'KK008';
    END IF;
    SELECT posted_journal INTO journal
    FROM ledger_post('refund:' || number, 'refund', number::text, paid.payable_id, paid.wallet_id, p_amount);
    INSERT INTO payments_refund (public_id, payment_id, terminal_id, idempotency_key, amount, journal_id)
    VALUES (number, paid.id, p_terminal, p_idempotency_key, p_amount, journal) RETURNING id INTO refund;
    is_repeat := false;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_wallets")]

    operations = [
        migrations.RunSQL(SPENDING, "DROP FUNCTION ledger_count_spending(bigint, bigint, bigint, bigint);"),
        migrations.RunSQL(
            TAKE,
            "DROP FUNCTION ledger_take_store_payment"
            "(bigint, text, bytea, text, bytea, bigint, text, bigint, bigint);",
        ),
        migrations.RunSQL(REFUND, "DROP FUNCTION ledger_refund_store_payment(bigint, text, uuid, bigint);"),
    ]
