"""A reported sign-in and a lock call the desk, like an undo link: by the database, whoever writes the report."""

from __future__ import annotations

from django.db import migrations

CASES = """
CREATE FUNCTION support_open_report_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, close_reason)
    VALUES (gen_random_uuid(), NEW.user_id, CASE NEW.kind WHEN 'lock' THEN 'locked' ELSE 'sign_in_reported' END,
            'open', '', '', now() + interval '4 hours', '');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER INSERT ON accounts_accountreport
    FOR EACH ROW EXECUTE FUNCTION support_open_report_case();
"""
CASES_BACK = """
DROP TRIGGER opens_case ON accounts_accountreport;
DROP FUNCTION support_open_report_case();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0020_report_queues"), ("accounts", "0020_account_reports")]

    operations = [migrations.RunSQL(CASES, CASES_BACK)]
