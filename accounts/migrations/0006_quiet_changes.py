"""Two changes that could be made in silence by a hand in psql: a new password called an upgrade, codes taken away.

An upgrade stores the same password in another way (algorithm or its costs); a hash of the same kind in the place of the
old one is another password, whatever the session setting says. Recovery codes go with their set; codes that go while
their set stays are told like a removed set.
"""

from django.db import migrations

REHASHES = """
-- Algorithm, costs and lengths of a stored password; for Argon2 all but its salt and its hash themselves.
CREATE FUNCTION accounts_way_of_hashing(p_password text) RETURNS text LANGUAGE sql IMMUTABLE
    SET search_path = public, pg_temp AS
$$ SELECT regexp_replace(p_password, '[$][^$]*[$][^$]*$', '') || ' ' || length(p_password) $$;

-- What only says that it is an upgrade is told like every other change; a sign-in is never refused for it.
CREATE FUNCTION accounts_tell_quiet_password() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF accounts_way_of_hashing(NEW.password) = accounts_way_of_hashing(OLD.password)
       OR NEW.password NOT LIKE 'argon2$argon2id$%' THEN
        PERFORM set_config('kakehashi.password_rehash', '', true);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER upgrade_is_one BEFORE UPDATE ON accounts_user FOR EACH ROW
    WHEN (NEW.password <> OLD.password
          AND current_setting('kakehashi.password_rehash', true) = OLD.id || ':' || md5(OLD.password))
    EXECUTE FUNCTION accounts_tell_quiet_password();
"""
REHASHES_BACK = """
DROP TRIGGER upgrade_is_one ON accounts_user;
DROP FUNCTION accounts_tell_quiet_password();
DROP FUNCTION accounts_way_of_hashing(text);
"""

CODES = """
CREATE FUNCTION accounts_recovery_code_removed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    owner accounts_recoverycodeset;
BEGIN
    SELECT * INTO owner FROM accounts_recoverycodeset WHERE id = OLD.code_set_id;
    -- Many codes of one set in one transaction are one change.
    IF owner.id IS NOT NULL AND NOT EXISTS (
        SELECT FROM accounts_credentialchange WHERE user_id = owner.user_id AND kind = 'recovery_codes_removed'
            AND subject_id = owner.id AND at >= now()
    ) THEN
        PERFORM accounts_record_change(owner.user_id, 'recovery_codes_removed', NULL, NULL, NULL, owner.id, true);
    END IF;
    RETURN NULL;
END $$;
-- At the end of the transaction: a set that is replaced as a whole is gone by then, and told as that.
CREATE CONSTRAINT TRIGGER code_removed AFTER DELETE ON accounts_recoverycode DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION accounts_recovery_code_removed();
"""
CODES_BACK = """
DROP TRIGGER code_removed ON accounts_recoverycode;
DROP FUNCTION accounts_recovery_code_removed();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_changes_end_other_sessions")]

    operations = [
        migrations.RunSQL(REHASHES, REHASHES_BACK),
        migrations.RunSQL(CODES, CODES_BACK),
    ]
