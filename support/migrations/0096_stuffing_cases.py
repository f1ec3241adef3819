"""A wave of guessed passwords calls the desk: by the database, once, about nobody in particular."""

from __future__ import annotations

from django.db import migrations

CASES = """
CREATE FUNCTION support_open_stuffing_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, queue, state, subject, text, due_at, close_reason)
    VALUES (gen_random_uuid(), 'stuffing', 'open', '',
            format('%s tries, %s right, %s accounts, %s networks', NEW.tries, NEW."right", NEW.accounts, NEW.networks),
            now() + interval '1 hour', '');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER INSERT ON accounts_stuffingwave
    FOR EACH ROW EXECUTE FUNCTION support_open_stuffing_case();
"""
CASES_BACK = """
DROP TRIGGER opens_case ON accounts_stuffingwave;
DROP FUNCTION support_open_stuffing_case();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0095_stuffing_queue"), ("accounts", "0083_stuffing_wave_guards")]

    operations = [migrations.RunSQL(CASES, CASES_BACK)]
