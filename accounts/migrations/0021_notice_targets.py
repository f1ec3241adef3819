"""One answer to "where is this person told?", for the triggers and for Python, and reports that stay as they are."""

from django.db import migrations

TARGETS = """
-- Everything on file now, and what was replaced within the last 30 days. Other kinds of address are added here.
CREATE FUNCTION accounts_notice_targets(p_user bigint) RETURNS TABLE (channel text, address text)
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT 'email', email::text FROM accounts_user WHERE id = p_user
    UNION SELECT 'email', email::text FROM accounts_formeraddress WHERE user_id = p_user AND told_until > now()
    UNION SELECT 'sms', phone::text FROM accounts_user WHERE id = p_user AND phone IS NOT NULL
$$;
"""

RECORDING = """
CREATE OR REPLACE FUNCTION accounts_record_change(
    p_user bigint, p_kind text, p_old text, p_new text, p_removed jsonb, p_subject bigint, p_told boolean
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who jsonb := coalesce(nullif(current_setting('kakehashi.actor', true), ''), '{"kind": "database"}')::jsonb;
    change_id bigint := nextval(pg_get_serial_sequence('accounts_credentialchange', 'id'));
    targets jsonb;
BEGIN
    -- First the replaced address: what else this change brings with it is told there too.
    IF p_kind = 'email_changed' THEN
        INSERT INTO accounts_formeraddress (user_id, email, replaced_at, told_until, change_id)
            VALUES (p_user, p_old, now(), now() + interval '30 days', change_id);
    END IF;
    INSERT INTO accounts_credentialchange
        (id, user_id, kind, old_value, new_value, removed_row, subject_id, actor, at) VALUES
        (change_id, p_user, p_kind, coalesce(p_old, ''), coalesce(p_new, ''), p_removed, p_subject, who,
         clock_timestamp());
    IF NOT p_told THEN
        RETURN;
    END IF;
    SELECT jsonb_agg(jsonb_build_object('channel', channel, 'address', address)) INTO targets FROM (
        SELECT channel, address FROM accounts_notice_targets(p_user)
        UNION SELECT 'email', p_new WHERE p_kind = 'email_changed'
        UNION SELECT 'sms', p_old WHERE p_kind = 'phone_changed' AND p_old <> ''
        ORDER BY channel, address
    ) every_address;
    INSERT INTO outbox_event (key, topic, payload, user_id, priority) VALUES (
        'credential-change:' || change_id, 'accounts:credential:changed',
        jsonb_build_object('change_id', change_id, 'kind', p_kind, 'recipients', targets), p_user, 'security');
END $$;
"""

REPORTS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_accountreport
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_accountreport
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
REPORTS_BACK = """
DROP TRIGGER no_truncate ON accounts_accountreport;
DROP TRIGGER append_only ON accounts_accountreport;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0020_account_reports"), ("outbox", "0002_guards")]

    operations = [
        migrations.RunSQL(TARGETS, "DROP FUNCTION accounts_notice_targets(bigint);"),
        # Its way back is the first form in 0003: nothing else of it has changed.
        migrations.RunSQL(RECORDING, migrations.RunSQL.noop),
        migrations.RunSQL(REPORTS, REPORTS_BACK),
    ]
