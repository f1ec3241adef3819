"""The desk's rules in the database: two people lift, an approval is decided once, an undo opens one case.

SQLSTATEs: KK301 an approval that is decided twice, late or altered; KK302 a lifting that nobody else approved.
"""

from __future__ import annotations

from django.db import migrations

APPROVALS = """
CREATE FUNCTION support_guard_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' THEN
            RAISE EXCEPTION 'an approval begins waiting' USING ERRCODE = 'KK301';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'waiting' OR NEW.state = 'waiting'
       OR (to_jsonb(NEW) - '{state,decided_by_id,decided_at,decision_reason}'::text[])
          <> (to_jsonb(OLD) - '{state,decided_by_id,decided_at,decision_reason}'::text[]) THEN
        RAISE EXCEPTION 'an approval is decided once and never altered' USING ERRCODE = 'KK301';
    ELSIF NEW.state = 'approved' AND OLD.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'the approval has expired' USING ERRCODE = 'KK301';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decided_once BEFORE INSERT OR UPDATE ON support_approval
    FOR EACH ROW EXECUTE FUNCTION support_guard_approval();
CREATE TRIGGER no_delete BEFORE DELETE ON support_approval FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON support_approval FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

-- What a customer stopped they may start again themselves; everything else takes two members of staff (requirement 41).
CREATE FUNCTION support_guard_lift() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM support_approval a
        JOIN accounts_user maker ON maker.id = a.made_by_id AND maker.is_staff
        JOIN accounts_user decider ON decider.id = a.decided_by_id AND decider.is_staff
        WHERE a.suspension_id = NEW.id AND a.state = 'approved' AND a.decided_by_id = NEW.lifted_by_id
          AND a.made_by_id <> a.decided_by_id
    ) THEN
        RAISE EXCEPTION 'a suspension is lifted by two members of staff' USING ERRCODE = 'KK302';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_two BEFORE UPDATE ON accounts_suspension
    FOR EACH ROW WHEN (NEW.lifted_at IS NOT NULL AND OLD.channel <> 'customer')
    EXECUTE FUNCTION support_guard_lift();
"""
APPROVALS_BACK = """
DROP TRIGGER takes_two ON accounts_suspension;
DROP FUNCTION support_guard_lift();
DROP TRIGGER no_truncate ON support_approval;
DROP TRIGGER no_delete ON support_approval;
DROP TRIGGER decided_once ON support_approval;
DROP FUNCTION support_guard_approval();
"""

CASES = """
CREATE FUNCTION support_open_undo_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, undo_id, close_reason)
    VALUES (gen_random_uuid(), NEW.user_id, 'undo_link_used', 'open', '', '', now() + interval '4 hours', NEW.id, '')
    ON CONFLICT (undo_id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER INSERT ON accounts_changeundo
    FOR EACH ROW EXECUTE FUNCTION support_open_undo_case();
CREATE TRIGGER no_delete BEFORE DELETE ON support_case FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON support_case FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
CASES_BACK = """
DROP TRIGGER no_truncate ON support_case;
DROP TRIGGER no_delete ON support_case;
DROP TRIGGER opens_case ON accounts_changeundo;
DROP FUNCTION support_open_undo_case();
"""

WRITTEN = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON support_note
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON support_letter
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON support_note FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON support_letter FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
WRITTEN_BACK = """
DROP TRIGGER no_truncate ON support_letter;
DROP TRIGGER no_truncate ON support_note;
DROP TRIGGER append_only ON support_letter;
DROP TRIGGER append_only ON support_note;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0001_tables"),
        ("accounts", "0003_credential_changes"),
        ("audit", "0002_hash_chain"),
    ]

    operations = [
        migrations.RunSQL(APPROVALS, APPROVALS_BACK),
        migrations.RunSQL(CASES, CASES_BACK),
        migrations.RunSQL(WRITTEN, WRITTEN_BACK),
    ]
