"""The database guards disputes, settlement files and differences: their steps, their money and what never changes.

SQLSTATEs as in `0011_card_and_top_up_guards`: KK203 a step that there is not, KK204 something that never changes.
"""

from __future__ import annotations

from django.db import migrations

# A dispute stands on the journal that took the money, and ends by the one that gives exactly that back or makes the
# rest our loss; the journals' unique event keys make a second of either impossible.
DISPUTES = """
CREATE FUNCTION payments_guard_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'needs_response' OR NOT EXISTS (
            SELECT FROM payments_topup t WHERE t.id = NEW.top_up_id AND t.state = 'disputed' AND t.currency = NEW.currency
              AND t.reversal_id = NEW.opening_id
        ) THEN
            RAISE EXCEPTION 'a dispute begins with the journal that took its top-up back' USING ERRCODE = 'KK203';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.public_id, OLD.top_up_id, OLD.processor, OLD.reference, OLD.amount, OLD.currency, OLD.from_wallet,
        OLD.reason, OLD.due_at, OLD.opened_at, OLD.opening_id)
       IS DISTINCT FROM
       (NEW.id, NEW.public_id, NEW.top_up_id, NEW.processor, NEW.reference, NEW.amount, NEW.currency, NEW.from_wallet,
        NEW.reason, NEW.due_at, NEW.opened_at, NEW.opening_id)
       OR OLD.closed_at IS NOT NULL AND (NEW.state, NEW.closed_at, NEW.closing_id)
          IS DISTINCT FROM (OLD.state, OLD.closed_at, OLD.closing_id)
       OR OLD.customer_said <> '' AND (NEW.customer_said, NEW.customer_text, NEW.customer_said_at)
          IS DISTINCT FROM (OLD.customer_said, OLD.customer_text, OLD.customer_said_at) THEN
        RAISE EXCEPTION 'what a dispute is, how it ended and what was said never changes' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (
        ('needs_response', 'under_review'), ('needs_response', 'won'), ('needs_response', 'lost'),
        ('under_review', 'won'), ('under_review', 'lost')
    ) THEN
        RAISE EXCEPTION 'a dispute cannot go from % to %', OLD.state, NEW.state USING ERRCODE = 'KK203';
    END IF;
    IF NEW.state = 'won' AND NOT EXISTS (
        SELECT FROM payments_journal j WHERE j.id = NEW.closing_id AND j.reversal_of_id = NEW.opening_id
    ) THEN
        RAISE EXCEPTION 'a dispute is won with the journal that gives its money back only' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.state = 'lost' AND NEW.closing_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM payments_journal j
        WHERE j.id = NEW.closing_id AND j.event_key = (
            SELECT 'top_up_dispute_lost:' || t.public_id FROM payments_topup t WHERE t.id = NEW.top_up_id)
    ) THEN
        RAISE EXCEPTION 'a dispute is lost with its own journal only' USING ERRCODE = 'KK204';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON payments_dispute
    FOR EACH ROW EXECUTE FUNCTION payments_guard_dispute();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_dispute
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();

CREATE FUNCTION payments_guard_dispute_answer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.sent_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM payments_dispute d WHERE d.id = NEW.dispute_id AND d.state = 'needs_response'
        ) THEN
            RAISE EXCEPTION 'only a dispute that waits for an answer is answered' USING ERRCODE = 'KK203';
        END IF;
    ELSIF OLD.sent_at IS NOT NULL
          OR (to_jsonb(NEW) - '{sent_at,refused_code}'::text[]) <> (to_jsonb(OLD) - '{sent_at,refused_code}'::text[]) THEN
        RAISE EXCEPTION 'an answer is sent as it was approved' USING ERRCODE = 'KK204';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON payments_disputeanswer
    FOR EACH ROW EXECUTE FUNCTION payments_guard_dispute_answer();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_disputeanswer
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();
"""
DISPUTES_BACK = """
DROP TRIGGER stays ON payments_disputeanswer;
DROP TRIGGER keeps_its_steps ON payments_disputeanswer;
DROP FUNCTION payments_guard_dispute_answer();
DROP TRIGGER stays ON payments_dispute;
DROP TRIGGER keeps_its_steps ON payments_dispute;
DROP FUNCTION payments_guard_dispute();
"""

APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_paymentreport
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_rewrite();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_settlementfile
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_rewrite();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_settlementline
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_rewrite();
"""
APPEND_ONLY_BACK = """
DROP TRIGGER append_only ON payments_settlementline;
DROP TRIGGER append_only ON payments_settlementfile;
DROP TRIGGER append_only ON payments_paymentreport;
"""

DIFFERENCES = """
CREATE FUNCTION payments_guard_difference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.resolution <> '' THEN
            RAISE EXCEPTION 'a difference begins open' USING ERRCODE = 'KK203';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.resolution <> '' OR NEW.resolution = ''
       OR (to_jsonb(NEW) - '{resolution,resolved_reason,resolved_by_id,resolved_at,journal_id}'::text[])
          <> (to_jsonb(OLD) - '{resolution,resolved_reason,resolved_by_id,resolved_at,journal_id}'::text[]) THEN
        RAISE EXCEPTION 'a difference is resolved once and never altered' USING ERRCODE = 'KK204';
    END IF;
    IF NEW.resolution = 'booked' AND NOT EXISTS (
        SELECT FROM payments_journal j
        WHERE j.id = NEW.journal_id AND j.event_key = 'settlement_difference:' || NEW.public_id
    ) THEN
        RAISE EXCEPTION 'a difference is booked with its own journal only' USING ERRCODE = 'KK204';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON payments_settlementdifference
    FOR EACH ROW EXECUTE FUNCTION payments_guard_difference();
CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON payments_settlementdifference
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_removal();
"""
DIFFERENCES_BACK = """
DROP TRIGGER stays ON payments_settlementdifference;
DROP TRIGGER keeps_its_steps ON payments_settlementdifference;
DROP FUNCTION payments_guard_difference();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0100_disputes_and_settlement_files")]

    operations = [
        migrations.RunSQL(DISPUTES, DISPUTES_BACK),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
        migrations.RunSQL(DIFFERENCES, DIFFERENCES_BACK),
    ]
