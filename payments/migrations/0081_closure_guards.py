"""The database guards closing: its wait, the empty wallet, what a closed wallet refuses, and every claim's money.

A closed wallet accepts nothing but what the books define. What a store or a won dispute gives back comes in and goes on
into the account of claims in the same statement; everything else is refused, whoever writes.

SQLSTATEs: KK201 to KK204 as for cards; KK010 something that a closed wallet does not take, or that is not ready to
close; KK005 at the till, as for a frozen wallet.
"""

from __future__ import annotations

from django.db import migrations

STRIPES = """
INSERT INTO payments_account (kind, currency, stripe)
SELECT kind, 'JPY', 0 FROM unnest(ARRAY['claims_payable', 'claims_settlement']) AS kind;
"""

# A closed wallet is frozen for good, for every kind but the one that passes a late credit on to the claims.
FREEZE = """
CREATE OR REPLACE FUNCTION ledger_frozen_until(p_kind text, p_account payments_account) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_account.closed_at IS NOT NULL THEN
            CASE WHEN p_kind = 'closing' THEN NULL ELSE '9999-12-31 00:00+00'::timestamptz END
        WHEN p_kind IN ('top_up_reversal', 'correction') THEN NULL
        WHEN p_kind = 'send' THEN p_account.send_frozen_until
        ELSE p_account.spend_frozen_until
    END
$$;
"""
FREEZE_BACK = """
CREATE OR REPLACE FUNCTION ledger_frozen_until(p_kind text, p_account payments_account) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_kind IN ('top_up_reversal', 'correction') THEN NULL
        WHEN p_kind = 'send' THEN p_account.send_frozen_until
        ELSE p_account.spend_frozen_until
    END
$$;
"""

# Closing is one statement under the wallet's lock. It asks for everything itself: a due wish of the customer's, no
# money, no hold, no charge that may still come in, nobody who can sign in.
WALLET = """
CREATE FUNCTION ledger_close_wallet(p_customer bigint, p_currency text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE payments_account SET closed_at = clock_timestamp()
    WHERE id = ledger_wallet_of(p_customer, p_currency) AND closed_at IS NULL;
    RETURN FOUND;
END $$;

CREATE FUNCTION ledger_guard_closing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.kind <> 'wallet' OR NEW.balance <> 0 OR NEW.held <> 0
       OR EXISTS (SELECT FROM payments_topup t WHERE t.user_id = NEW.owner_id
                  AND t.state IN ('created', 'needs_action', 'processing', 'unknown'))
       OR EXISTS (SELECT FROM payments_cardlinking l WHERE l.user_id = NEW.owner_id
                  AND l.state IN ('started', 'authenticated'))
       OR EXISTS (SELECT FROM accounts_user u WHERE u.id = NEW.owner_id AND u.is_active)
       OR NOT EXISTS (SELECT FROM payments_closure c WHERE c.user_id = NEW.owner_id AND c.state = 'waiting'
                      AND c.closes_at <= clock_timestamp()) THEN
        RAISE EXCEPTION 'the wallet is not ready to close' USING ERRCODE = 'KK010';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER closes_ready BEFORE UPDATE ON payments_account
    FOR EACH ROW WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL) EXECUTE FUNCTION ledger_guard_closing();

-- By the journal of the very entry that the balance follows (`follows_entries` has proven that there is one).
CREATE FUNCTION ledger_guard_closed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    what text := (SELECT j.kind FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
                  WHERE e.account_id = NEW.id AND e.account_seq = NEW.seq);
BEGIN
    IF NEW.closed_at IS DISTINCT FROM OLD.closed_at OR NEW.held <> OLD.held
       OR NEW.balance < OLD.balance AND what IS DISTINCT FROM 'closing'
       OR NEW.balance > OLD.balance AND coalesce(what, '') NOT IN ('refund', 'correction', 'compensation', 'top_up') THEN
        RAISE EXCEPTION 'the wallet is closed' USING ERRCODE = 'KK010';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_closed BEFORE UPDATE ON payments_account
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL AND (
        NEW.closed_at IS DISTINCT FROM OLD.closed_at OR NEW.held <> OLD.held OR NEW.balance <> OLD.balance))
    EXECUTE FUNCTION ledger_guard_closed();

-- Costs an open wallet nothing but the look at its row. The account of claims is locked last, by everybody.
CREATE FUNCTION ledger_claim_late_credit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    came bigint := NEW.balance - OLD.balance;
    brought bigint;
    about text;
    moved bigint;
BEGIN
    SELECT j.id, j.reference INTO brought, about FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
    WHERE e.account_id = NEW.id AND e.account_seq = NEW.seq;
    SELECT posted_journal INTO moved FROM ledger_post('late_credit:' || brought, 'closing', about, NEW.id,
        ledger_own_account('claims_payable', NEW.currency, NEW.id), came);
    INSERT INTO payments_claim (public_id, user_id, amount, currency, reason, way, state, journal_id,
                                refused_because, payment_reference)
    VALUES (gen_random_uuid(), NEW.owner_id, came, NEW.currency, 'late', 'desk', 'owed', moved, '', '');
    RETURN NULL;
END $$;
CREATE TRIGGER passes_on AFTER UPDATE ON payments_account
    FOR EACH ROW WHEN (NEW.closed_at IS NOT NULL AND NEW.balance > OLD.balance)
    EXECUTE FUNCTION ledger_claim_late_credit();
"""
WALLET_BACK = """
DROP TRIGGER passes_on ON payments_account;
DROP TRIGGER stays_closed ON payments_account;
DROP TRIGGER closes_ready ON payments_account;
DROP FUNCTION ledger_claim_late_credit();
DROP FUNCTION ledger_guard_closed();
DROP FUNCTION ledger_guard_closing();
DROP FUNCTION ledger_close_wallet(bigint, text);
"""

# Nothing begins for a customer whose wallet is closed, also not by a request that was under way meanwhile.
NOTHING_BEGINS = """
CREATE FUNCTION payments_refuse_closed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    closed timestamptz;
BEGIN
    -- Under the wallet's lock: waits for a closing that is under way, and is waited for by it.
    SELECT a.closed_at INTO closed FROM payments_account a
    WHERE a.owner_id = (to_jsonb(NEW) ->> TG_ARGV[0])::bigint AND a.kind = 'wallet' FOR NO KEY UPDATE;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'the wallet is closed' USING ERRCODE = 'KK010';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER open_wallet BEFORE INSERT ON payments_topup
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_closed('user_id');
CREATE TRIGGER open_wallet BEFORE INSERT ON payments_card
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_closed('user_id');
CREATE TRIGGER open_wallet BEFORE INSERT ON payments_cardlinking
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_closed('user_id');
CREATE TRIGGER open_wallet BEFORE INSERT ON payments_onetimecode
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_closed('customer_id');
"""
NOTHING_BEGINS_BACK = """
DROP TRIGGER open_wallet ON payments_onetimecode;
DROP TRIGGER open_wallet ON payments_cardlinking;
DROP TRIGGER open_wallet ON payments_card;
DROP TRIGGER open_wallet ON payments_topup;
DROP FUNCTION payments_refuse_closed();
"""

CLOSURES = """
CREATE FUNCTION payments_guard_closure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' OR NOT EXISTS (
            SELECT FROM accounts_user u WHERE u.id = NEW.user_id AND u.kind = 'customer' AND u.is_active
        ) THEN
            RAISE EXCEPTION 'a closing begins as waiting, for an active customer' USING ERRCODE = 'KK203';
        END IF;
        NEW.asked_at := clock_timestamp();
        NEW.closes_at := NEW.asked_at + interval '7 days';
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.public_id, OLD.user_id, OLD.asked_at, OLD.closes_at)
       IS DISTINCT FROM (NEW.id, NEW.public_id, NEW.user_id, NEW.asked_at, NEW.closes_at)
       OR OLD.state <> 'waiting' AND (OLD.state, OLD.ended_at, OLD.journal_id, OLD.lapsed)
          IS DISTINCT FROM (NEW.state, NEW.ended_at, NEW.journal_id, NEW.lapsed)
       OR OLD.forgotten_at IS NOT NULL AND NEW.forgotten_at IS DISTINCT FROM OLD.forgotten_at THEN
        RAISE EXCEPTION 'what a closing is, and one that has ended, never changes' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.state = 'closed' AND OLD.state = 'waiting' AND (
        NEW.closes_at > clock_timestamp() OR NOT EXISTS (
            SELECT FROM payments_account a WHERE a.owner_id = NEW.user_id AND a.kind = 'wallet'
              AND a.closed_at IS NOT NULL)
        OR NEW.journal_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM payments_journal j WHERE j.id = NEW.journal_id AND j.kind = 'closing'
              AND j.event_key = 'closing:' || NEW.public_id)
    ) THEN
        RAISE EXCEPTION 'the wallet is still open' USING ERRCODE = 'KK203';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON payments_closure
    FOR EACH ROW EXECUTE FUNCTION payments_guard_closure();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_closure
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();
"""
CLOSURES_BACK = """
DROP TRIGGER stays ON payments_closure;
DROP TRIGGER keeps_its_steps ON payments_closure;
DROP FUNCTION payments_guard_closure();
"""

# The claims of one journal together are at most what it brought into the account of claims; what pays one took exactly
# that out. Two inserts at once wait for each other at the journal.
CLAIMS = """
CREATE FUNCTION payments_guard_claim() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('claims of ' || NEW.journal_id, 3));
        IF NEW.state <> 'owed' OR NEW.amount + (
            SELECT coalesce(sum(c.amount), 0) FROM payments_claim c WHERE c.journal_id = NEW.journal_id
        ) > (
            SELECT coalesce(sum(e.amount), 0) FROM payments_entry e JOIN payments_account a ON a.id = e.account_id
            WHERE e.journal_id = NEW.journal_id AND a.kind = 'claims_payable' AND a.currency = NEW.currency
        ) OR NOT EXISTS (
            SELECT FROM payments_entry e JOIN payments_account a ON a.id = e.account_id
            WHERE e.journal_id = NEW.journal_id AND a.kind = 'wallet' AND a.owner_id = NEW.user_id
        ) THEN
            RAISE EXCEPTION 'a claim begins with its money' USING ERRCODE = 'KK203';
        END IF;
        IF NEW.way = 'card' AND NOT EXISTS (
            SELECT FROM payments_topup t WHERE t.id = NEW.top_up_id AND t.user_id = NEW.user_id
              AND t.state = 'succeeded' AND t.amount >= NEW.amount AND t.currency = NEW.currency
        ) THEN
            RAISE EXCEPTION 'a card gets at most what it was charged' USING ERRCODE = 'KK203';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.public_id, OLD.user_id, OLD.amount, OLD.currency, OLD.reason, OLD.top_up_id, OLD.journal_id, OLD.made_at)
       IS DISTINCT FROM
       (NEW.id, NEW.public_id, NEW.user_id, NEW.amount, NEW.currency, NEW.reason, NEW.top_up_id, NEW.journal_id, NEW.made_at)
       OR OLD.state = 'paid' OR OLD.way = 'desk' AND NEW.way <> 'desk' THEN
        RAISE EXCEPTION 'what a claim is, and one that is paid, never changes' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.state = 'paid' AND NOT EXISTS (
        SELECT FROM payments_journal j
        JOIN payments_entry e ON e.journal_id = j.id AND e.amount = -NEW.amount
        JOIN payments_account a ON a.id = e.account_id AND a.kind = 'claims_payable' AND a.currency = NEW.currency
        WHERE j.id = NEW.paid_journal_id AND j.kind = 'claim_paid' AND j.event_key = 'claim_paid:' || NEW.public_id
    ) THEN
        RAISE EXCEPTION 'a claim is paid with its own journal only' USING ERRCODE = 'KK204';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON payments_claim
    FOR EACH ROW EXECUTE FUNCTION payments_guard_claim();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_claim
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();

-- Whoever writes it: the customer is told that the desk owes them money.
CREATE FUNCTION payments_tell_claim() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO outbox_event (key, topic, payload, user_id, priority)
    VALUES ('claim-made:' || NEW.public_id, 'payments:claim:made', jsonb_build_object('claim_id', NEW.id), NEW.user_id,
            'security')
    ON CONFLICT (key) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER tells_new AFTER INSERT ON payments_claim
    FOR EACH ROW WHEN (NEW.way = 'desk') EXECUTE FUNCTION payments_tell_claim();
CREATE TRIGGER tells_moved AFTER UPDATE ON payments_claim
    FOR EACH ROW WHEN (NEW.way = 'desk' AND OLD.way <> 'desk') EXECUTE FUNCTION payments_tell_claim();
"""
CLAIMS_BACK = """
DROP TRIGGER tells_moved ON payments_claim;
DROP TRIGGER tells_new ON payments_claim;
DROP FUNCTION payments_tell_claim();
DROP TRIGGER stays ON payments_claim;
DROP TRIGGER keeps_its_steps ON payments_claim;
DROP FUNCTION payments_guard_claim();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0080_closures"), ("outbox", "0001_initial")]

    operations = [
        migrations.RunSQL(STRIPES, migrations.RunSQL.noop),
        migrations.RunSQL(FREEZE, FREEZE_BACK),
        migrations.RunSQL(WALLET, WALLET_BACK),
        migrations.RunSQL(NOTHING_BEGINS, NOTHING_BEGINS_BACK),
        migrations.RunSQL(CLOSURES, CLOSURES_BACK),
        migrations.RunSQL(CLAIMS, CLAIMS_BACK),
    ]
