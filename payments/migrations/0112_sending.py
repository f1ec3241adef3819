"""Sending is one call: both wallets locked in order, the limits counted, the money moved, its row written, or nothing.

SQLSTATEs: KK701 nobody who can be paid, KK702 money that may not be sent, KK703 a request that is not open, KK706
something that never changes, KK707 too many requests.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

# As in 0079, without a look at the balance: while money leaves, the balance is no measure of what may.
GOODWILL = """
CREATE FUNCTION ledger_goodwill_remains(p_wallet bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_seq bigint;
    moved record;
    remains bigint := 0;
    used bigint := 0;
    part bigint;
BEGIN
    SELECT min(e.account_seq) INTO first_seq FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
    WHERE e.account_id = p_wallet AND j.kind IN ('goodwill', 'compensation');
    IF first_seq IS NULL THEN
        RETURN 0;
    END IF;
    FOR moved IN
        SELECT j.kind, e.amount FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
        WHERE e.account_id = p_wallet AND e.account_seq >= first_seq
          AND j.kind IN ('goodwill', 'compensation', 'payment', 'refund')
        ORDER BY e.account_seq
    LOOP
        IF moved.kind IN ('goodwill', 'compensation') THEN
            remains := greatest(0, remains + moved.amount);
        ELSIF moved.amount < 0 THEN
            part := least(remains, -moved.amount);
            remains := remains - part;
            used := used + part;
        ELSE
            part := least(used, moved.amount);
            remains := remains + part;
            used := used - part;
        END IF;
    END LOOP;
    RETURN remains;
END $$;

-- Of the balance as it is. More may remain than that, where a dispute took money back.
CREATE OR REPLACE FUNCTION ledger_goodwill_left(p_wallet bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT least(ledger_goodwill_remains(p_wallet), (SELECT balance FROM payments_account WHERE id = p_wallet))
$$;
"""
GOODWILL_BACK = f"""
{import_module("payments.migrations.0079_goodwill").GOODWILL.replace("CREATE", "CREATE OR REPLACE")}
DROP FUNCTION ledger_goodwill_remains(bigint);
"""

PEOPLE = """
CREATE FUNCTION payments_guard_payee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM accounts_user u WHERE u.id IN (NEW.owner_id, NEW.person_id) AND u.kind = 'customer'
        AND u.is_active) <> 2 THEN
        RAISE EXCEPTION 'nobody who can be paid' USING ERRCODE = 'KK701';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER is_a_customer BEFORE INSERT ON payments_payee FOR EACH ROW EXECUTE FUNCTION payments_guard_payee();

CREATE FUNCTION payments_guard_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    source payments_account;
BEGIN
    IF (SELECT count(*) FROM accounts_user u WHERE u.id IN (NEW.sender_id, NEW.recipient_id) AND u.kind = 'customer'
        AND u.is_active) <> 2 THEN
        RAISE EXCEPTION 'nobody who can be paid' USING ERRCODE = 'KK701';
    END IF;
    SELECT * INTO source FROM payments_account WHERE id = ledger_wallet_of(NEW.sender_id, NEW.currency);
    IF NOT EXISTS (
        SELECT FROM payments_journal j
        JOIN payments_entry gone ON gone.journal_id = j.id AND gone.account_id = source.id AND gone.amount = -NEW.amount
        JOIN payments_entry come ON come.journal_id = j.id AND come.amount = NEW.amount
             AND come.account_id = ledger_wallet_of(NEW.recipient_id, NEW.currency)
        WHERE j.id = NEW.journal_id AND j.kind = 'send' AND j.event_key = 'transfer:' || NEW.public_id
    ) THEN
        RAISE EXCEPTION 'a transfer comes with its own journal only' USING ERRCODE = 'KK706';
    END IF;
    IF source.balance - source.held < ledger_goodwill_remains(source.id) THEN
        RAISE EXCEPTION 'compensation and goodwill cannot be sent' USING ERRCODE = 'KK702';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER is_between_customers BEFORE INSERT ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_guard_transfer();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite();
"""
PEOPLE_BACK = """
DROP TRIGGER append_only ON payments_transfer;
DROP TRIGGER is_between_customers ON payments_transfer;
DROP FUNCTION payments_guard_transfer();
DROP TRIGGER is_a_customer ON payments_payee;
DROP FUNCTION payments_guard_payee();
"""

# One person's requests are counted one after the other; a blocked one learns no more than that it is not possible.
REQUESTS = """
CREATE FUNCTION payments_guard_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('requests of ' || NEW.requester_id, 3));
        IF NEW.state <> 'open' OR NEW.transfer_id IS NOT NULL OR NEW.expires_at > now() + interval '31 days' THEN
            RAISE EXCEPTION 'a request begins open, for a month at most' USING ERRCODE = 'KK703';
        ELSIF (SELECT count(*) FROM accounts_user u WHERE u.id IN (NEW.requester_id, NEW.payer_id)
               AND u.kind = 'customer' AND u.is_active) <> 2
           OR EXISTS (SELECT FROM payments_requestblock b
                      WHERE b.owner_id = NEW.payer_id AND b.blocked_id = NEW.requester_id) THEN
            RAISE EXCEPTION 'nobody who can be asked' USING ERRCODE = 'KK701';
        ELSIF (SELECT count(*) FROM payments_moneyrequest r
               WHERE r.requester_id = NEW.requester_id AND r.state = 'open') >= 20
           OR (SELECT count(*) FROM payments_moneyrequest r WHERE r.requester_id = NEW.requester_id
               AND r.payer_id = NEW.payer_id AND r.state = 'open') >= 3 THEN
            RAISE EXCEPTION 'too many requests are open' USING ERRCODE = 'KK707';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.public_id, OLD.requester_id, OLD.payer_id, OLD.amount, OLD.currency, OLD.message, OLD.request_key,
        OLD.fingerprint, OLD.created_at, OLD.expires_at)
       IS DISTINCT FROM
       (NEW.id, NEW.public_id, NEW.requester_id, NEW.payer_id, NEW.amount, NEW.currency, NEW.message, NEW.request_key,
        NEW.fingerprint, NEW.created_at, NEW.expires_at) OR OLD.state <> 'open' THEN
        RAISE EXCEPTION 'a request that ended, and what it asks, never changes' USING ERRCODE = 'KK706';
    END IF;
    IF (NEW.state = 'paid') <> (NEW.transfer_id IS NOT NULL) OR NEW.state = 'paid' AND NOT EXISTS (
        SELECT FROM payments_transfer t WHERE t.id = NEW.transfer_id AND t.sender_id = NEW.payer_id
           AND t.recipient_id = NEW.requester_id AND t.amount = NEW.amount AND t.currency = NEW.currency
    ) THEN
        RAISE EXCEPTION 'a request is paid by its own transfer only' USING ERRCODE = 'KK706';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON payments_moneyrequest
    FOR EACH ROW EXECUTE FUNCTION payments_guard_request();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_moneyrequest
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();
"""
REQUESTS_BACK = """
DROP TRIGGER stays ON payments_moneyrequest;
DROP TRIGGER keeps_its_steps ON payments_moneyrequest;
DROP FUNCTION payments_guard_request();
"""

# Locks in this order everywhere: own limits (shared), wallets by id, counters, the request. What an action decides
# about a send it decides under these locks, which end with its transaction.
SEND = """
CREATE FUNCTION ledger_lock_for_sending(
    p_sender bigint, p_recipient bigint, p_currency text, OUT source bigint, OUT target bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    source := ledger_wallet_of(p_sender, p_currency);
    target := ledger_wallet_of(p_recipient, p_currency);
    IF source IS NULL OR target IS NULL OR source = target THEN
        RAISE EXCEPTION 'nobody who can be paid' USING ERRCODE = 'KK701';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('own limits ' || source, 3));
    PERFORM FROM payments_account WHERE id IN (source, target) ORDER BY id FOR NO KEY UPDATE;
END $$;

CREATE FUNCTION ledger_count_sending(
    p_wallet bigint, p_amount bigint, p_per_send bigint, p_per_day bigint, p_per_month bigint
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')::date;
    per_day bigint := least(p_per_day, payments_own_limit(
        (SELECT owner_id FROM payments_account WHERE id = p_wallet), 'sending-per-day'));
    span record;
BEGIN
    FOR span IN SELECT * FROM (VALUES ('day', today, per_day), ('month', date_trunc('month', today)::date, p_per_month))
        spans (kind, begins, cap)
    LOOP
        IF p_amount <= p_per_send AND p_amount <= span.cap THEN
            INSERT INTO payments_sendingwindow AS running (wallet_id, kind, begins, sent, cap)
            VALUES (p_wallet, span.kind, span.begins, p_amount, span.cap)
            ON CONFLICT (wallet_id, kind, begins) DO UPDATE
            SET sent = running.sent + excluded.sent, cap = excluded.cap
            WHERE running.sent + excluded.sent <= excluded.cap;
            CONTINUE WHEN FOUND;
        END IF;
        RAISE EXCEPTION 'the limit is reached' USING ERRCODE = 'KK006';
    END LOOP;
END $$;

-- A repeat is looked for under the wallet's lock, so that of any number with one key one moves the money.
CREATE FUNCTION ledger_send(
    p_sender bigint, p_recipient bigint, p_idempotency_key text, p_fingerprint bytea, p_amount bigint, p_currency text,
    p_message text, p_request bigint, p_per_send bigint, p_per_day bigint, p_per_month bigint,
    OUT transfer bigint, OUT is_repeat boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wallets record;
    known record;
    asked payments_moneyrequest;
    number uuid := gen_random_uuid();
    journal bigint;
BEGIN
    SELECT * INTO wallets FROM ledger_lock_for_sending(p_sender, p_recipient, p_currency);
    SELECT id, fingerprint INTO known FROM payments_transfer
    WHERE sender_id = p_sender AND idempotency_key = p_idempotency_key;
    IF known.id IS NOT NULL THEN
        IF known.fingerprint <> p_fingerprint THEN
            RAISE EXCEPTION 'this key names another transfer' USING ERRCODE = 'KK001';
        END IF;
        transfer := known.id;
        is_repeat := true;
        RETURN;
    END IF;
    IF p_amount IS NULL OR p_amount <= 0 THEN
        RAISE EXCEPTION 'an amount must be above zero' USING ERRCODE = 'KK009';
    END IF;
    IF p_request IS NOT NULL THEN
        SELECT * INTO asked FROM payments_moneyrequest WHERE id = p_request FOR UPDATE;
        IF (asked.payer_id, asked.requester_id, asked.amount, asked.currency, asked.state)
           IS DISTINCT FROM (p_sender, p_recipient, p_amount, p_currency::varchar, 'open'::varchar)
           OR asked.expires_at <= clock_timestamp() THEN
            RAISE EXCEPTION 'the request is not open' USING ERRCODE = 'KK703';
        END IF;
    END IF;
    PERFORM ledger_count_sending(wallets.source, p_amount, p_per_send, p_per_day, p_per_month);
    SELECT posted_journal INTO journal
    FROM ledger_post('transfer:' || number, 'send', number::text, wallets.source, wallets.target, p_amount);
    INSERT INTO payments_transfer (public_id, sender_id, recipient_id, amount, currency, message, idempotency_key,
                                   fingerprint, journal_id)
    VALUES (number, p_sender, p_recipient, p_amount, p_currency, p_message, p_idempotency_key, p_fingerprint, journal)
    RETURNING id INTO transfer;
    -- Whoever got money can answer with money: they know each other now.
    INSERT INTO payments_payee (owner_id, person_id, how) VALUES (p_recipient, p_sender, 'received')
    ON CONFLICT (owner_id, person_id) DO NOTHING;
    IF p_request IS NOT NULL THEN
        UPDATE payments_moneyrequest SET state = 'paid', transfer_id = transfer, closed_at = clock_timestamp()
        WHERE id = p_request;
    END IF;
    is_repeat := false;
END $$;
"""
SEND_BACK = """
DROP FUNCTION ledger_send(bigint, bigint, text, bytea, bigint, text, text, bigint, bigint, bigint, bigint);
DROP FUNCTION ledger_count_sending(bigint, bigint, bigint, bigint, bigint);
DROP FUNCTION ledger_lock_for_sending(bigint, bigint, text);
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0111_own_limit_guards")]

    operations = [
        migrations.RunSQL(GOODWILL, GOODWILL_BACK),
        migrations.RunSQL(PEOPLE, PEOPLE_BACK),
        migrations.RunSQL(REQUESTS, REQUESTS_BACK),
        migrations.RunSQL(SEND, SEND_BACK),
    ]
