"""A payment may be authorized first: the money is held, then captured in whole or in part, cancelled, or let go."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

OLD_TAKE = (
    "DROP FUNCTION ledger_take_store_payment(bigint, text, bytea, text, bytea, bigint, text, bigint, bigint);"
)

# As before, with one more choice: `p_hold_until` null captures at once, else the money is held until then.
TAKE = """
CREATE FUNCTION ledger_take_store_payment(
    p_terminal bigint, p_idempotency_key text, p_fingerprint bytea, p_reference text,
    p_code_digest bytea, p_amount bigint, p_currency text, p_per_payment bigint, p_per_day bigint,
    p_hold_until timestamptz,
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
    hold bigint;
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
            IF p_hold_until IS NULL THEN
                SELECT posted_journal INTO journal
                FROM ledger_post('payment:' || number, 'payment', number::text, wallet, payable, p_amount);
            ELSE
                SELECT placed_hold INTO hold
                FROM ledger_place_hold('payment:' || number, 'payment', number::text, wallet, p_amount, p_hold_until);
            END IF;
        EXCEPTION
            WHEN SQLSTATE 'KK004' THEN reason := 'insufficient-funds'; journal := NULL; hold := NULL;
            WHEN SQLSTATE 'KK005' THEN reason := 'not-possible'; journal := NULL; hold := NULL;
            WHEN SQLSTATE 'KK006' THEN reason := 'over-limit'; journal := NULL; hold := NULL;
        END;
    END IF;
    INSERT INTO payments_payment (public_id, terminal_id, store_id, reference, idempotency_key, fingerprint, amount,
        currency, status, decline_reason, customer_id, code_id, wallet_id, payable_id, hold_id, journal_id, captured)
    VALUES (number, p_terminal, shop.id, p_reference, p_idempotency_key, p_fingerprint, p_amount,
        p_currency, CASE WHEN journal IS NOT NULL THEN 'captured' WHEN hold IS NOT NULL THEN 'authorized' ELSE 'declined' END,
        reason,
        code.customer_id, code.id, wallet, payable, hold, journal, CASE WHEN journal IS NULL THEN 0 ELSE p_amount END)
    RETURNING id INTO payment;
    is_repeat := false;
END $$;
"""

# The payment's row is locked first, then the accounts, then the hold: the same order as a refund's. A capture of the
# same amount again is a repeat; any other step after the first one is refused (KK007).
CAPTURE = """
CREATE FUNCTION ledger_capture_store_payment(p_payment uuid, p_amount bigint, OUT payment bigint, OUT is_repeat boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked payments_payment;
    journal bigint;
BEGIN
    SELECT * INTO asked FROM payments_payment WHERE public_id = p_payment FOR NO KEY UPDATE;
    payment := asked.id;
    is_repeat := asked.status = 'captured' AND asked.hold_id IS NOT NULL AND asked.captured = p_amount;
    IF is_repeat THEN
        RETURN;
    ELSIF asked.status IS DISTINCT FROM 'authorized' THEN
        RAISE EXCEPTION 'the payment is not authorized' USING ERRCODE = 'KK007';
    END IF;
    journal := ledger_capture_hold(asked.hold_id, 'payment:' || p_payment, 'payment', asked.payable_id, p_amount);
    UPDATE payments_payment SET status = 'captured', captured = p_amount, journal_id = journal WHERE id = asked.id;
END $$;
"""

# `p_expired`: by the clock, and only when the hold's time is over; else by the store, at any time before.
CANCEL = """
CREATE FUNCTION ledger_cancel_store_payment(p_payment uuid, p_expired boolean, OUT payment bigint, OUT is_repeat boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked payments_payment;
BEGIN
    SELECT * INTO asked FROM payments_payment WHERE public_id = p_payment FOR NO KEY UPDATE;
    payment := asked.id;
    is_repeat := asked.status = 'cancelled';
    IF is_repeat THEN
        RETURN;
    ELSIF asked.status IS DISTINCT FROM 'authorized'
          OR NOT ledger_release_hold(asked.hold_id, CASE WHEN p_expired THEN 'expired' ELSE 'released' END) THEN
        RAISE EXCEPTION 'the payment is not authorized' USING ERRCODE = 'KK007';
    END IF;
    UPDATE payments_payment SET status = 'cancelled' WHERE id = asked.id;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_one_index_per_event_key")]

    operations = [
        migrations.RunSQL(OLD_TAKE, import_module("payments.migrations.0005_store_payments").TAKE),
        migrations.RunSQL(
            TAKE,
            "DROP FUNCTION ledger_take_store_payment"
            "(bigint, text, bytea, text, bytea, bigint, text, bigint, bigint, timestamptz);",
        ),
        migrations.RunSQL(CAPTURE, "DROP FUNCTION ledger_capture_store_payment(uuid, bigint);"),
        migrations.RunSQL(CANCEL, "DROP FUNCTION ledger_cancel_store_payment(uuid, boolean);"),
    ]
