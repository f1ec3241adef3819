"""People: numbers by the database, nobody deleted, suspensions that only lift."""

from django.db import migrations

PEOPLE = """
CREATE FUNCTION accounts_number_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.created_at := now();
        NEW.customer_number := CASE WHEN NEW.kind = 'customer' THEN
            'K-' || lpad((NEW.id / 10000)::text, 4, '0') || '-' || lpad((NEW.id % 10000)::text, 4, '0') END;
    ELSIF NEW.created_at <> OLD.created_at OR NEW.kind <> OLD.kind OR NEW.public_id <> OLD.public_id
          OR NEW.customer_number IS DISTINCT FROM OLD.customer_number THEN
        RAISE EXCEPTION 'the kind, number, id and opening time of a person never change' USING ERRCODE = 'KK902';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER number_customer BEFORE INSERT OR UPDATE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_number_customer();
CREATE TRIGGER no_delete BEFORE DELETE ON accounts_user FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_user FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""

SUSPENSIONS = """
-- A suspension is made and may once be lifted; what it said never changes.
CREATE FUNCTION accounts_only_lift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL
       OR (to_jsonb(NEW) - '{lifted_at,lifted_by_id,lift_reason}'::text[])
          <> (to_jsonb(OLD) - '{lifted_at,lifted_by_id,lift_reason}'::text[]) THEN
        RAISE EXCEPTION 'a suspension can only be lifted, once' USING ERRCODE = 'KK903';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER only_lift BEFORE UPDATE ON accounts_suspension FOR EACH ROW EXECUTE FUNCTION accounts_only_lift();
CREATE TRIGGER no_delete BEFORE DELETE ON accounts_suspension FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_suspension
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""

SEALED = """
-- The wizard's package brings these tables. A row in them would be a factor that nobody is told of: they stay empty.
ALTER TABLE otp_totp_totpdevice ADD CONSTRAINT sealed CHECK (false) NO INHERIT;
ALTER TABLE otp_static_staticdevice ADD CONSTRAINT sealed CHECK (false) NO INHERIT;
ALTER TABLE otp_static_statictoken ADD CONSTRAINT sealed CHECK (false) NO INHERIT;
"""
UNSEALED = """
ALTER TABLE otp_totp_totpdevice DROP CONSTRAINT sealed;
ALTER TABLE otp_static_staticdevice DROP CONSTRAINT sealed;
ALTER TABLE otp_static_statictoken DROP CONSTRAINT sealed;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("audit", "0002_hash_chain"),
        ("otp_totp", "0003_add_timestamps"),
        ("otp_static", "0003_add_timestamps"),
    ]

    operations = [
        migrations.RunSQL(
            PEOPLE,
            "DROP FUNCTION accounts_number_customer() CASCADE;"
            " DROP TRIGGER no_delete ON accounts_user; DROP TRIGGER no_truncate ON accounts_user;",
        ),
        migrations.RunSQL(
            SUSPENSIONS,
            "DROP FUNCTION accounts_only_lift() CASCADE;"
            " DROP TRIGGER no_delete ON accounts_suspension;"
            " DROP TRIGGER no_truncate ON accounts_suspension;",
        ),
        migrations.RunSQL(SEALED, UNSEALED),
    ]
