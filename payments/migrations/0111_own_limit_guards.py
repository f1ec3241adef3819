"""A customer's own limits hold in the database: lower at once, higher after a day, and never passed by a race.

Whoever moves money shares the wallet's lock of own limits, whoever sets one takes it alone: when a lower limit has
been committed, nothing that read the higher one is still on its way. SQLSTATEs: KK704 loosened too early, KK705 a
payment that its customer has to confirm first, KK706 something that never changes.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

# What is asked about at the till above, for whoever has said nothing else: `payments.limits.CONFIRM_ABOVE`.
OWN_LIMITS = """
CREATE FUNCTION payments_confirm_above() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 50000::bigint $$;

CREATE FUNCTION payments_own_limit(p_user bigint, p_kind text) RETURNS bigint LANGUAGE sql AS $$
    SELECT CASE WHEN next_at <= clock_timestamp() THEN next_amount ELSE amount END
    FROM payments_ownlimit WHERE user_id = p_user AND kind = p_kind
$$;

CREATE FUNCTION payments_looseness(p_kind text, p_amount bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_amount, CASE p_kind WHEN 'confirm-above' THEN payments_confirm_above() ELSE 9223372036854775807 END)
$$;

CREATE FUNCTION payments_guard_own_limit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    in_force bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('own limits ' || ledger_wallet_of(NEW.user_id, 'JPY'), 3));
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.id, OLD.user_id, OLD.kind) IS DISTINCT FROM (NEW.id, NEW.user_id, NEW.kind) THEN
            RAISE EXCEPTION 'whose and what a limit is never changes' USING ERRCODE = 'KK706';
        END IF;
        in_force := CASE WHEN OLD.next_at <= clock_timestamp() THEN OLD.next_amount ELSE OLD.amount END;
    END IF;
    IF payments_looseness(NEW.kind, NEW.amount) > payments_looseness(NEW.kind, in_force) THEN
        RAISE EXCEPTION 'a limit of one''s own is loosened by waiting only' USING ERRCODE = 'KK704';
    END IF;
    IF NEW.next_at IS NULL THEN
        NEW.next_amount := NULL;
    ELSIF payments_looseness(NEW.kind, NEW.next_amount) > payments_looseness(NEW.kind, NEW.amount)
          AND NEW.next_at < now() + interval '24 hours' THEN
        RAISE EXCEPTION 'a looser limit counts after 24 hours' USING ERRCODE = 'KK704';
    END IF;
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER tightens_at_once BEFORE INSERT OR UPDATE ON payments_ownlimit
    FOR EACH ROW EXECUTE FUNCTION payments_guard_own_limit();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_ownlimit
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();
"""
OWN_LIMITS_BACK = """
DROP TRIGGER stays ON payments_ownlimit;
DROP TRIGGER tightens_at_once ON payments_ownlimit;
DROP FUNCTION payments_guard_own_limit();
DROP FUNCTION payments_looseness(text, bigint);
DROP FUNCTION payments_own_limit(bigint, text);
DROP FUNCTION payments_confirm_above();
"""

# As in 0005, with the customer's own limits, which are read once nobody can change them any more.
SPENDING = """
CREATE OR REPLACE FUNCTION ledger_count_spending(
    p_wallet bigint, p_amount bigint, p_per_payment bigint, p_per_day bigint
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own record;
    per_day bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('own limits ' || p_wallet, 3));
    SELECT min(in_force) FILTER (WHERE kind = 'per-payment') AS per_payment,
           min(in_force) FILTER (WHERE kind = 'per-day') AS per_day INTO own
    FROM (SELECT l.kind, CASE WHEN l.next_at <= clock_timestamp() THEN l.next_amount ELSE l.amount END AS in_force
          FROM payments_ownlimit l WHERE l.user_id = (SELECT owner_id FROM payments_account WHERE id = p_wallet)) o;
    per_day := least(p_per_day, own.per_day);
    IF p_amount <= least(p_per_payment, own.per_payment) AND p_amount <= per_day THEN
        INSERT INTO payments_spendingday AS today (wallet_id, day, spent, cap)
        VALUES (p_wallet, (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')::date, p_amount, per_day)
        ON CONFLICT (wallet_id, day) DO UPDATE SET spent = today.spent + excluded.spent, cap = excluded.cap
        WHERE today.spent + excluded.spent <= excluded.cap;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION 'the limit is reached' USING ERRCODE = 'KK006';
END $$;
"""
SPENDING_BACK = import_module("payments.migrations.0005_store_payments").SPENDING.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)

# Counted under the wallet's lock, which a top-up's action holds already: two at once cannot both be the last one.
TOP_UPS = """
CREATE FUNCTION payments_count_top_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    today timestamptz := date_trunc('day', clock_timestamp() AT TIME ZONE 'Asia/Tokyo') AT TIME ZONE 'Asia/Tokyo';
    wallet bigint;
BEGIN
    wallet := (ledger_lock_wallet(NEW.user_id, NEW.currency)).wallet;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('own limits ' || wallet, 3));
    IF NEW.amount + (SELECT coalesce(sum(t.amount), 0) FROM payments_topup t
                     WHERE t.user_id = NEW.user_id AND t.created_at >= today AND t.state <> 'failed')
       > payments_own_limit(NEW.user_id, 'top-up-per-day') THEN
        RAISE EXCEPTION 'the customer''s own limit is reached' USING ERRCODE = 'KK006';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER within_own_limit BEFORE INSERT ON payments_topup
    FOR EACH ROW EXECUTE FUNCTION payments_count_top_up();
"""
TOP_UPS_BACK = """
DROP TRIGGER within_own_limit ON payments_topup;
DROP FUNCTION payments_count_top_up();
"""

# Requirement 36 at the till: above the customer's threshold a payment takes the confirmation of exactly its amount and
# store with it, or is not written, and with it nothing that moved.
CONFIRMATIONS = """
CREATE FUNCTION payments_take_confirmation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.amount <= coalesce(payments_own_limit(NEW.customer_id, 'confirm-above'), payments_confirm_above()) THEN
        RETURN NEW;
    END IF;
    UPDATE payments_paymentconfirmation SET used_at = clock_timestamp()
    WHERE id = (
        SELECT c.id FROM payments_paymentconfirmation c
        WHERE c.customer_id = NEW.customer_id AND c.used_at IS NULL AND c.store_id = NEW.store_id
          AND c.amount = NEW.amount AND c.currency = NEW.currency
          AND c.confirmed_at > clock_timestamp() - interval '5 minutes'
        ORDER BY c.id LIMIT 1 FOR UPDATE);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the customer has to confirm this amount for this store' USING ERRCODE = 'KK705';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER asks_its_customer BEFORE INSERT ON payments_payment
    FOR EACH ROW WHEN (NEW.status IN ('authorized', 'captured')) EXECUTE FUNCTION payments_take_confirmation();

CREATE FUNCTION payments_guard_confirmation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.confirmed_at := clock_timestamp();
    NEW.used_at := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER begins_unused BEFORE INSERT ON payments_paymentconfirmation
    FOR EACH ROW EXECUTE FUNCTION payments_guard_confirmation();
"""
CONFIRMATIONS_BACK = """
DROP TRIGGER begins_unused ON payments_paymentconfirmation;
DROP FUNCTION payments_guard_confirmation();
DROP TRIGGER asks_its_customer ON payments_payment;
DROP FUNCTION payments_take_confirmation();
"""

AUTO_TOP_UPS = """
CREATE FUNCTION payments_guard_auto_top_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_on AND NOT EXISTS (
        SELECT FROM payments_card c WHERE c.id = NEW.card_id AND c.user_id = NEW.user_id AND c.state = 'live'
    ) THEN
        RAISE EXCEPTION 'only a live card of the customer tops up by itself' USING ERRCODE = 'KK203';
    END IF;
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER from_own_card BEFORE INSERT OR UPDATE ON payments_autotopup
    FOR EACH ROW EXECUTE FUNCTION payments_guard_auto_top_up();
"""
AUTO_TOP_UPS_BACK = """
DROP TRIGGER from_own_card ON payments_autotopup;
DROP FUNCTION payments_guard_auto_top_up();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0110_sending_and_own_rules")]

    operations = [
        migrations.RunSQL(OWN_LIMITS, OWN_LIMITS_BACK),
        migrations.RunSQL(SPENDING, SPENDING_BACK),
        migrations.RunSQL(TOP_UPS, TOP_UPS_BACK),
        migrations.RunSQL(CONFIRMATIONS, CONFIRMATIONS_BACK),
        migrations.RunSQL(AUTO_TOP_UPS, AUTO_TOP_UPS_BACK),
    ]
