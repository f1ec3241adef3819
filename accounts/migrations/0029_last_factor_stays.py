"""Nobody takes an active customer's last second factor or only set of recovery codes away, whoever and however.

Judged at the end of the transaction: one factor may replace another in it. An undo link may leave none: it takes a
thief's factor away and stops the account in the same transaction.
"""

from django.db import migrations

GUARDS = """
-- Other ways that are meant to leave somebody without a factor are added here.
CREATE FUNCTION accounts_may_be_without_factor(p_user bigint) RETURNS boolean LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM accounts_user WHERE id = p_user AND kind = 'customer' AND is_active)
        -- Written by this very transaction: a statement's time is never before the transaction's.
        OR EXISTS (SELECT FROM accounts_changeundo WHERE user_id = p_user AND at >= now());
$$;

CREATE FUNCTION accounts_last_factor_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    -- The row that removals and guesses lock: of two removals at once the second sees what the first has left.
    INSERT INTO accounts_factorguesses (user_id, in_a_row, in_window) VALUES (OLD.user_id, 0, 0)
        ON CONFLICT (user_id) DO NOTHING;
    PERFORM FROM accounts_factorguesses WHERE user_id = OLD.user_id FOR UPDATE;
    IF NOT EXISTS (SELECT FROM accounts_totpdevice WHERE user_id = OLD.user_id AND confirmed)
       AND NOT EXISTS (SELECT FROM accounts_passkey WHERE user_id = OLD.user_id AND confirmed)
       AND NOT accounts_may_be_without_factor(OLD.user_id) THEN
        RAISE EXCEPTION 'the last second factor of an active customer stays' USING ERRCODE = 'KK906';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION accounts_recovery_set_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_recoverycodeset WHERE user_id = OLD.user_id AND confirmed)
       AND NOT accounts_may_be_without_factor(OLD.user_id) THEN
        RAISE EXCEPTION 'the recovery codes of an active customer are only replaced' USING ERRCODE = 'KK906';
    END IF;
    RETURN NULL;
END $$;
"""

TRIGGERS = """
-- Two each, so that a use (its counter, its time) costs nothing.
DO $$
DECLARE
    guarded text;
    guard text;
BEGIN
    FOR guarded, guard IN SELECT * FROM (VALUES ('accounts_totpdevice', 'last_factor_stays'), ('accounts_passkey', 'last_factor_stays'),
                                 ('accounts_recoverycodeset', 'recovery_set_stays')) AS guards LOOP
        EXECUTE format('CREATE CONSTRAINT TRIGGER %2$s_deleted AFTER DELETE ON %1$s DEFERRABLE INITIALLY DEFERRED'
                       ' FOR EACH ROW WHEN (OLD.confirmed) EXECUTE FUNCTION accounts_%2$s()', guarded, guard);
        EXECUTE format('CREATE CONSTRAINT TRIGGER %2$s_updated AFTER UPDATE ON %1$s DEFERRABLE INITIALLY DEFERRED'
                       ' FOR EACH ROW WHEN (OLD.confirmed AND (NOT NEW.confirmed OR NEW.user_id <> OLD.user_id))'
                       ' EXECUTE FUNCTION accounts_%2$s()', guarded, guard);
    END LOOP;
END $$;
"""
TRIGGERS_BACK = """
DO $$
DECLARE
    guarded text;
    guard text;
BEGIN
    FOR guarded, guard IN SELECT * FROM (VALUES ('accounts_totpdevice', 'last_factor_stays'), ('accounts_passkey', 'last_factor_stays'),
                                 ('accounts_recoverycodeset', 'recovery_set_stays')) AS guards LOOP
        EXECUTE format('DROP TRIGGER %2$s_deleted ON %1$s', guarded, guard);
        EXECUTE format('DROP TRIGGER %2$s_updated ON %1$s', guarded, guard);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0028_passkey_changes")]

    operations = [
        migrations.RunSQL(
            GUARDS,
            "DROP FUNCTION accounts_last_factor_stays(); DROP FUNCTION accounts_recovery_set_stays();"
            " DROP FUNCTION accounts_may_be_without_factor(bigint);",
        ),
        migrations.RunSQL(TRIGGERS, TRIGGERS_BACK),
    ]
