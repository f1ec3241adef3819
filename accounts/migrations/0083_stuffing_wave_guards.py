"""A wave of guessed passwords is one event: it begins once, only grows worse, and ends once.

SQLSTATE: KK418.
"""

from django.db import migrations

GUARDS = """
CREATE FUNCTION accounts_wave_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.is_over OR NEW.began_at <> OLD.began_at OR NEW.last_seen_at < OLD.last_seen_at OR NEW.tries < OLD.tries
       OR NEW."right" < OLD."right" OR NEW.accounts < OLD.accounts OR NEW.networks < OLD.networks THEN
        RAISE EXCEPTION 'a wave only grows worse, and ends once' USING ERRCODE = 'KK418';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays BEFORE UPDATE ON accounts_stuffingwave FOR EACH ROW EXECUTE FUNCTION accounts_wave_stays();
CREATE TRIGGER no_delete BEFORE DELETE ON accounts_stuffingwave FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_stuffingwave
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
GUARDS_BACK = """
DROP TRIGGER no_truncate ON accounts_stuffingwave;
DROP TRIGGER no_delete ON accounts_stuffingwave;
DROP FUNCTION accounts_wave_stays() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0082_stuffing_waves")]

    operations = [migrations.RunSQL(GUARDS, GUARDS_BACK)]
