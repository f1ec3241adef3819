"""The database guards cards, linkings and top-ups: their caps, their steps and what they never change.

SQLSTATEs: KK201 too many live cards, KK202 card on too many wallets, KK203 a step that the state machine does not have,
KK204 something that never changes.
"""

from __future__ import annotations

from django.db import migrations

# One lock for the customer and one for the card, always in this order: two linkings that come at once would each count
# only what was there before both. A card that left a wallet still counts for 90 days, or it would wander.
CARDS = """
CREATE FUNCTION payments_guard_new_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'live' OR NEW.forgotten_at IS NOT NULL THEN
        RAISE EXCEPTION 'a card begins live' USING ERRCODE = 'KK203';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('cards of ' || NEW.user_id, 3));
    PERFORM pg_advisory_xact_lock(hashtextextended('card ' || NEW.processor || NEW.fingerprint, 3));
    IF (SELECT count(*) FROM payments_card WHERE user_id = NEW.user_id AND state = 'live') >= 5 THEN
        RAISE EXCEPTION 'the customer has five cards' USING ERRCODE = 'KK201';
    END IF;
    IF (SELECT count(DISTINCT user_id) FROM payments_card
        WHERE processor = NEW.processor AND fingerprint = NEW.fingerprint AND user_id <> NEW.user_id
          AND (state = 'live' OR ended_at > clock_timestamp() - interval '90 days')) >= 2 THEN
        RAISE EXCEPTION 'the card is on two other wallets' USING ERRCODE = 'KK202';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER begins_live BEFORE INSERT ON payments_card
    FOR EACH ROW EXECUTE FUNCTION payments_guard_new_card();

CREATE FUNCTION payments_guard_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.public_id, OLD.user_id, OLD.processor, OLD.token, OLD.brand, OLD.last_four, OLD.expiry_month,
        OLD.expiry_year, OLD.country, OLD.fingerprint, OLD.three_d_secure, OLD.owner_match, OLD.linked_at)
       IS DISTINCT FROM
       (NEW.id, NEW.public_id, NEW.user_id, NEW.processor, NEW.token, NEW.brand, NEW.last_four, NEW.expiry_month,
        NEW.expiry_year, NEW.country, NEW.fingerprint, NEW.three_d_secure, NEW.owner_match, NEW.linked_at)
       OR OLD.forgotten_at IS NOT NULL AND NEW.forgotten_at IS DISTINCT FROM OLD.forgotten_at THEN
        RAISE EXCEPTION 'what a card is never changes' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('live', 'blocked'), ('live', 'removed'), ('blocked', 'removed')
    ) THEN
        RAISE EXCEPTION 'a card cannot go from % to %', OLD.state, NEW.state USING ERRCODE = 'KK203';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE UPDATE ON payments_card
    FOR EACH ROW EXECUTE FUNCTION payments_guard_card();
"""
CARDS_BACK = """
DROP TRIGGER keeps_its_steps ON payments_card;
DROP TRIGGER begins_live ON payments_card;
DROP FUNCTION payments_guard_card();
DROP FUNCTION payments_guard_new_card();
"""

LINKINGS = """
CREATE FUNCTION payments_guard_linking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'started' THEN
            RAISE EXCEPTION 'a linking begins as started' USING ERRCODE = 'KK203';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.public_id, OLD.user_id, OLD.processor, OLD.started_at)
       IS DISTINCT FROM (NEW.id, NEW.public_id, NEW.user_id, NEW.processor, NEW.started_at)
       OR OLD.reference <> '' AND NEW.reference <> OLD.reference
       OR OLD.state IN ('linked', 'failed', 'abandoned') THEN
        RAISE EXCEPTION 'a linking that ended, and what it is, never changes' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('started', 'authenticated'), ('started', 'failed'), ('started', 'abandoned'),
        ('authenticated', 'linked'), ('authenticated', 'failed')
    ) THEN
        RAISE EXCEPTION 'a linking cannot go from % to %', OLD.state, NEW.state USING ERRCODE = 'KK203';
    END IF;
    IF NEW.state = 'linked' AND NOT EXISTS (
        SELECT FROM payments_card WHERE id = NEW.card_id AND user_id = NEW.user_id AND processor = NEW.processor
    ) THEN
        RAISE EXCEPTION 'a linking leads to a card of the same customer' USING ERRCODE = 'KK204';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON payments_cardlinking
    FOR EACH ROW EXECUTE FUNCTION payments_guard_linking();
"""
LINKINGS_BACK = """
DROP TRIGGER keeps_its_steps ON payments_cardlinking;
DROP FUNCTION payments_guard_linking();
"""

# A success needs the journal of exactly this top-up, which credited exactly this customer's wallet with exactly this
# amount; a refund or dispute needs the journal that took it back. The unique event key of the journal then makes a
# second credit impossible.
TOP_UPS = """
CREATE FUNCTION payments_guard_top_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'created' OR NOT EXISTS (
            SELECT FROM payments_card WHERE id = NEW.card_id AND user_id = NEW.user_id AND state = 'live'
        ) THEN
            RAISE EXCEPTION 'a top-up begins as created, with a live card of the customer' USING ERRCODE = 'KK203';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.public_id, OLD.user_id, OLD.card_id, OLD.amount, OLD.currency, OLD.request_key,
        OLD.request_fingerprint, OLD.created_at)
       IS DISTINCT FROM
       (NEW.id, NEW.public_id, NEW.user_id, NEW.card_id, NEW.amount, NEW.currency, NEW.request_key,
        NEW.request_fingerprint, NEW.created_at)
       OR OLD.processor_reference <> '' AND NEW.processor_reference <> OLD.processor_reference
       OR OLD.refund_reference <> '' AND NEW.refund_reference <> OLD.refund_reference
       OR OLD.journal_id IS NOT NULL AND NEW.journal_id IS DISTINCT FROM OLD.journal_id
       OR OLD.reversal_id IS NOT NULL AND NEW.reversal_id IS DISTINCT FROM OLD.reversal_id THEN
        RAISE EXCEPTION 'what a top-up is never changes' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (
        ('created', 'needs_action'), ('created', 'processing'), ('created', 'unknown'),
        ('created', 'succeeded'), ('created', 'failed'),
        ('needs_action', 'processing'), ('needs_action', 'unknown'),
        ('needs_action', 'succeeded'), ('needs_action', 'failed'),
        ('processing', 'needs_action'), ('processing', 'unknown'),
        ('processing', 'succeeded'), ('processing', 'failed'),
        ('unknown', 'needs_action'), ('unknown', 'processing'), ('unknown', 'succeeded'), ('unknown', 'failed'),
        ('succeeded', 'refunded'), ('succeeded', 'disputed')
    ) THEN
        RAISE EXCEPTION 'a top-up cannot go from % to %', OLD.state, NEW.state USING ERRCODE = 'KK203';
    END IF;
    IF NEW.state = 'succeeded' AND NOT EXISTS (
        SELECT FROM payments_journal j
        JOIN payments_entry e ON e.journal_id = j.id AND e.amount = NEW.amount
        JOIN payments_account a ON a.id = e.account_id AND a.kind = 'wallet' AND a.owner_id = NEW.user_id
        WHERE j.id = NEW.journal_id AND j.kind = 'top_up' AND j.event_key = 'top_up:' || NEW.public_id
    ) THEN
        RAISE EXCEPTION 'a top-up succeeds with its own journal only' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.state IN ('refunded', 'disputed') AND NOT EXISTS (
        SELECT FROM payments_journal j
        WHERE j.id = NEW.reversal_id AND j.kind = 'top_up_reversal' AND j.reversal_of_id = NEW.journal_id
    ) THEN
        RAISE EXCEPTION 'a top-up is taken back with its own reversal only' USING ERRCODE = 'KK204';
    END IF;
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON payments_topup
    FOR EACH ROW EXECUTE FUNCTION payments_guard_top_up();
"""
TOP_UPS_BACK = """
DROP TRIGGER keeps_its_steps ON payments_topup;
DROP FUNCTION payments_guard_top_up();
"""

FOR_EVER = """
CREATE FUNCTION payments_refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: it is a record of money', TG_OP, TG_TABLE_NAME USING ERRCODE = 'KK204';
END $$;
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_card
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_topup
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();
"""
FOR_EVER_BACK = """
DROP TRIGGER stays ON payments_topup;
DROP TRIGGER stays ON payments_card;
DROP FUNCTION payments_refuse_removal();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_cards_and_top_ups")]

    operations = [
        migrations.RunSQL(CARDS, CARDS_BACK),
        migrations.RunSQL(LINKINGS, LINKINGS_BACK),
        migrations.RunSQL(TOP_UPS, TOP_UPS_BACK),
        migrations.RunSQL(FOR_EVER, FOR_EVER_BACK),
    ]
