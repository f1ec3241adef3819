"""Risk at the till: facts in one call before the payment, and the decision kept by the call that takes it."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

# What limits and risk judge a payment by, for the owner of a code; nulls for a code of nobody. The last fifty entries
# tell where the customer buys and how often: one index range, however long the history.
FACTS = """
CREATE FUNCTION payments_spending_facts(
    p_code_digest bytea, p_terminal bigint, p_at_limit_from bigint,
    OUT customer bigint, OUT account_opened_at timestamptz, OUT device_since timestamptz,
    OUT network_since timestamptz, OUT verified_at timestamptz, OUT tries_soon int, OUT tries_today int,
    OUT at_limit_lately int, OUT place text, OUT places jsonb
) LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    SELECT c.customer_id, u.created_at, c.device_since, c.network_since, c.verified_at
    INTO customer, account_opened_at, device_since, network_since, verified_at
    FROM payments_onetimecode c JOIN accounts_user u ON u.id = c.customer_id WHERE c.digest = p_code_digest;
    IF customer IS NULL THEN
        RETURN;
    END IF;
    SELECT s.place INTO place FROM payments_terminal t JOIN payments_store s ON s.id = t.store_id
    WHERE t.id = p_terminal;
    WITH lately AS (
        SELECT p.made_at, s.place AS at
        FROM (SELECT e.journal_id FROM payments_entry e WHERE e.account_id = ledger_wallet_of(customer, 'JPY')
              ORDER BY e.account_seq DESC LIMIT 50) e
        JOIN payments_payment p ON p.journal_id = e.journal_id JOIN payments_store s ON s.id = p.store_id
    )
    SELECT count(*) FILTER (WHERE made_at > clock_timestamp() - interval '10 minutes'),
           count(*) FILTER (WHERE made_at > clock_timestamp() - interval '1 day'),
           (SELECT jsonb_object_agg(v.at, v.times) FROM (SELECT at, count(*) AS times FROM lately GROUP BY at) v)
    INTO tries_soon, tries_today, places FROM lately;
    SELECT count(*) INTO at_limit_lately FROM payments_riskdecision r
    WHERE r.user_id = customer AND r.action = 'spend' AND r.went_on AND r.amount >= p_at_limit_from
      AND r.made_at > clock_timestamp() - interval '3 days' AND (r.facts ->> 'is_at_limit')::boolean;
END $$;
"""

OLD_TAKE = (
    "DROP FUNCTION ledger_take_store_payment"
    "(bigint, text, bytea, text, bytea, bigint, text, bigint, bigint, timestamptz);"
)
# As before, with two more: a refusal of risk declines unless the code itself gives a reason, and what risk decided is
# written down beside a payment that went on or was refused by it.
TAKE = """
CREATE FUNCTION ledger_take_store_payment(
    p_terminal bigint, p_idempotency_key text, p_fingerprint bytea, p_reference text,
    p_code_digest bytea, p_amount bigint, p_currency text, p_per_payment bigint, p_per_day bigint,
    p_hold_until timestamptz, p_refusal text, p_risk jsonb,
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
        ELSE p_refusal
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
    IF code.id IS NOT NULL AND p_risk ? 'outcome' AND (reason = '' OR reason = p_refusal) THEN
        INSERT INTO payments_riskdecision (user_id, action, outcome, went_on, findings, facts, amount,
            subject_type, subject_id, network, device)
        VALUES (code.customer_id, 'spend', p_risk ->> 'outcome', reason = '', p_risk -> 'findings', p_risk -> 'facts',
            p_amount, 'payments.payment', number::text, NULL, '');
    END IF;
    is_repeat := false;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0030_risk_decisions")]

    operations = [
        migrations.AddField(
            model_name="onetimecode",
            name="device_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="onetimecode",
            name="network_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="onetimecode",
            name="verified_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="payment",
            name="decline_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("code-unknown", "The code is not valid. Please ask for a new one."),
                    ("code-expired", "The code is too old. Please ask for a new one."),
                    ("code-used", "The code was used already. Please ask for a new one."),
                    ("insufficient-funds", "The balance is not enough."),
                    ("over-limit", "The amount is above the customer's limit."),
                    (
                        "confirm-first",
                        "Please ask the customer to confirm in the app and to show a new code.",
                    ),
                    ("not-possible", "The customer cannot pay at the moment."),
                    ("store-closed", "This store cannot take payments at the moment."),
                ],
                db_default="",
                max_length=24,
            ),
        ),
        migrations.RunSQL(FACTS, "DROP FUNCTION payments_spending_facts(bytea, bigint, bigint);"),
        migrations.RunSQL(OLD_TAKE, import_module("payments.migrations.0013_authorizations").TAKE),
        migrations.RunSQL(
            TAKE,
            "DROP FUNCTION ledger_take_store_payment"
            "(bigint, text, bytea, text, bytea, bigint, text, bigint, bigint, timestamptz, text, jsonb);",
        ),
    ]
