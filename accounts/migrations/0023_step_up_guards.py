"""A question that was put to somebody never becomes another one, is proven once, in time, and used once."""

from django.db import migrations

GUARD = """
CREATE FUNCTION accounts_guard_step_up() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    answers CONSTANT text[] := '{proven_at,proven_by,used_at}';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.proven_at IS NOT NULL OR NEW.used_at IS NOT NULL THEN
            RAISE EXCEPTION 'a step-up challenge begins unproven' USING ERRCODE = 'KK905';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - answers <> to_jsonb(OLD) - answers THEN
        RAISE EXCEPTION 'what a step-up challenge is about never changes' USING ERRCODE = 'KK905';
    END IF;
    IF OLD.proven_at IS NOT NULL
       AND (NEW.proven_at IS DISTINCT FROM OLD.proven_at OR NEW.proven_by <> OLD.proven_by)
       OR OLD.proven_at IS NULL AND NEW.proven_at IS NOT NULL AND clock_timestamp() >= OLD.expires_at
       OR OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at
       OR NEW.used_at IS NOT NULL AND NEW.proven_at IS NULL THEN
        RAISE EXCEPTION 'a step-up challenge is proven once, in time, and then used once' USING ERRCODE = 'KK905';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER step_up_guard BEFORE INSERT OR UPDATE ON accounts_stepupchallenge
    FOR EACH ROW EXECUTE FUNCTION accounts_guard_step_up();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0022_step_up_challenges")]

    operations = [migrations.RunSQL(GUARD, "DROP FUNCTION accounts_guard_step_up() CASCADE;")]
