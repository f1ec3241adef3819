"""No credential change goes untold: the database itself writes the change and owes the notices.

Whoever makes it and however (page, API, admin, shell, psql): the change, one immutable row and the root row of its
notices are one transaction. `kakehashi.actor` is set by `wallet_site.transactions.recorded`; without it the row says
"database".
"""

from django.db import migrations

RECORDING = """
-- Writes the change, remembers a replaced address for 30 days and owes the notices to every address on file:
-- current, the one just replaced or added, and those replaced within the last 30 days.
CREATE FUNCTION accounts_record_change(
    p_user bigint, p_kind text, p_old text, p_new text, p_removed jsonb, p_subject bigint, p_told boolean
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who jsonb := coalesce(nullif(current_setting('kakehashi.actor', true), ''), '{"kind": "database"}')::jsonb;
    person accounts_user;
    change_id bigint := nextval(pg_get_serial_sequence('accounts_credentialchange', 'id'));
    targets jsonb;
BEGIN
    SELECT * INTO person FROM accounts_user WHERE id = p_user;
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
        SELECT DISTINCT channel, address FROM (
            SELECT 'email' AS channel, person.email AS address
            UNION ALL SELECT 'email', p_old WHERE p_kind = 'email_changed'
            UNION ALL SELECT 'email', p_new WHERE p_kind = 'email_changed'
            UNION ALL SELECT 'email', f.email FROM accounts_formeraddress f
                WHERE f.user_id = p_user AND f.told_until > now()
            UNION ALL SELECT 'sms', person.phone
            UNION ALL SELECT 'sms', nullif(p_old, '') WHERE p_kind = 'phone_changed'
        ) every_address WHERE address IS NOT NULL ORDER BY channel, address
    ) distinct_addresses;
    INSERT INTO outbox_event (key, topic, payload, user_id, priority) VALUES (
        'credential-change:' || change_id, 'accounts:credential:changed',
        jsonb_build_object('change_id', change_id, 'kind', p_kind, 'recipients', targets), p_user, 'security');
END $$;
-- Only the triggers below write changes; nobody invents one.
REVOKE EXECUTE ON FUNCTION accounts_record_change(bigint, text, text, text, jsonb, bigint, boolean) FROM PUBLIC;

-- What belongs to the opening of an account is part of the welcome, not a change of its own. The opening time is the
-- transaction's own (see number_customer) and cannot be changed later.
CREATE FUNCTION accounts_is_being_opened(p_user bigint) RETURNS boolean LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS
$$ SELECT EXISTS (SELECT FROM accounts_user WHERE id = p_user AND created_at = now()) $$;
"""

USERS = """
CREATE FUNCTION accounts_user_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.password <> OLD.password THEN
        -- An upgrade of the hash names exactly the old hash that it replaces; anything else is a change.
        IF current_setting('kakehashi.password_rehash', true) = OLD.id || ':' || md5(OLD.password) THEN
            PERFORM accounts_record_change(NEW.id, 'password_rehashed', NULL, NULL, NULL, NULL, false);
        ELSE
            PERFORM accounts_record_change(NEW.id, 'password_changed', NULL, NULL, NULL, NULL, true);
        END IF;
    END IF;
    IF NEW.email <> OLD.email THEN
        PERFORM accounts_record_change(NEW.id, 'email_changed', OLD.email, NEW.email, NULL, NULL, true);
    END IF;
    IF NEW.phone IS DISTINCT FROM OLD.phone THEN
        PERFORM accounts_record_change(NEW.id, 'phone_changed', OLD.phone, NEW.phone, NULL, NULL, true);
    END IF;
    IF NEW.is_active <> OLD.is_active THEN
        PERFORM accounts_record_change(NEW.id,
            CASE WHEN NEW.is_active THEN 'account_activated' ELSE 'account_deactivated' END,
            NULL, NULL, NULL, NULL, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credential_change AFTER UPDATE ON accounts_user FOR EACH ROW EXECUTE FUNCTION accounts_user_changed();

CREATE FUNCTION accounts_user_opened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO outbox_event (key, topic, payload, user_id, priority) VALUES (
        'account-opened:' || NEW.id, 'accounts:account:opened', jsonb_build_object('recipients',
            jsonb_build_array(jsonb_build_object('channel', 'email', 'address', NEW.email))), NEW.id, 'security');
    RETURN NULL;
END $$;
CREATE TRIGGER account_opened AFTER INSERT ON accounts_user FOR EACH ROW EXECUTE FUNCTION accounts_user_opened();
"""

FACTORS = """
CREATE FUNCTION accounts_totp_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.confirmed AND (TG_OP = 'DELETE' OR NOT NEW.confirmed OR NEW.user_id <> OLD.user_id) THEN
        PERFORM accounts_record_change(OLD.user_id, 'totp_removed', OLD.name, NULL, to_jsonb(OLD), OLD.id, true);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.confirmed
       AND (TG_OP = 'INSERT' OR NOT OLD.confirmed OR NEW.user_id <> OLD.user_id) THEN
        PERFORM accounts_record_change(NEW.user_id, 'totp_added', NULL, NEW.name, NULL, NEW.id,
                                       NOT accounts_is_being_opened(NEW.user_id));
    ELSIF TG_OP = 'UPDATE' AND NEW.confirmed AND NEW.seed <> OLD.seed THEN
        PERFORM accounts_record_change(NEW.user_id, 'totp_changed', OLD.name, NEW.name, to_jsonb(OLD), NEW.id, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credential_change AFTER INSERT OR UPDATE OR DELETE ON accounts_totpdevice
    FOR EACH ROW EXECUTE FUNCTION accounts_totp_changed();

CREATE FUNCTION accounts_recovery_set_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR NEW.user_id <> OLD.user_id OR (OLD.confirmed AND NOT NEW.confirmed)) THEN
        PERFORM accounts_record_change(OLD.user_id, 'recovery_codes_removed', NULL, NULL, to_jsonb(OLD), OLD.id, true);
    END IF;
    IF TG_OP <> 'DELETE' AND (TG_OP = 'INSERT' OR NEW.user_id <> OLD.user_id OR (NEW.confirmed AND NOT OLD.confirmed)) THEN
        PERFORM accounts_record_change(NEW.user_id, 'recovery_codes_added', NULL, NULL, NULL, NEW.id,
                                       NOT accounts_is_being_opened(NEW.user_id));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credential_change AFTER INSERT OR UPDATE OR DELETE ON accounts_recoverycodeset
    FOR EACH ROW EXECUTE FUNCTION accounts_recovery_set_changed();

-- Codes are made with their set. One used is told; one slipped into an older set, changed or revived is a new set.
CREATE FUNCTION accounts_recovery_code_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    owner accounts_recoverycodeset;
BEGIN
    SELECT * INTO owner FROM accounts_recoverycodeset WHERE id = NEW.code_set_id;
    IF TG_OP = 'INSERT' THEN
        IF owner.created_at <> now() THEN
            PERFORM accounts_record_change(owner.user_id, 'recovery_codes_added', NULL, NULL, NULL, owner.id, true);
        END IF;
    ELSIF NEW.digest <> OLD.digest OR NEW.code_set_id <> OLD.code_set_id
          OR (OLD.used_at IS NOT NULL AND NEW.used_at IS NULL) THEN
        PERFORM accounts_record_change(owner.user_id, 'recovery_codes_added', NULL, NULL, NULL, owner.id, true);
    ELSIF OLD.used_at IS NULL AND NEW.used_at IS NOT NULL THEN
        PERFORM accounts_record_change(owner.user_id, 'recovery_code_used', NULL, NULL, NULL, owner.id, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credential_change AFTER INSERT OR UPDATE ON accounts_recoverycode
    FOR EACH ROW EXECUTE FUNCTION accounts_recovery_code_changed();
CREATE FUNCTION accounts_set_made_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.created_at := now();
    ELSIF NEW.created_at <> OLD.created_at THEN
        RAISE EXCEPTION 'when recovery codes were made never changes' USING ERRCODE = 'KK902';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER made_now BEFORE INSERT OR UPDATE ON accounts_recoverycodeset
    FOR EACH ROW EXECUTE FUNCTION accounts_set_made_now();
"""

DEVICES = """
CREATE FUNCTION accounts_api_device_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND (NEW.key_thumbprint <> OLD.key_thumbprint
       OR NEW.user_id <> OLD.user_id OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL))) THEN
        PERFORM accounts_record_change(NEW.user_id, 'api_device_added', NULL, NEW.name, NULL, NEW.id, true);
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND ((OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
       OR NEW.user_id <> OLD.user_id)) THEN
        PERFORM accounts_record_change(OLD.user_id, 'api_device_removed', OLD.name, NULL, NULL, OLD.id, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credential_change AFTER INSERT OR UPDATE OR DELETE ON accounts_apidevice
    FOR EACH ROW EXECUTE FUNCTION accounts_api_device_changed();
"""

IMMUTABLE = """
-- TRUNCATE would remove credentials without a row trigger ever firing.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['accounts_totpdevice', 'accounts_recoverycodeset', 'accounts_recoverycode',
                             'accounts_apidevice', 'accounts_credentialchange', 'accounts_formeraddress',
                             'accounts_changeundo'] LOOP
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION refuse_rewrite()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['accounts_credentialchange', 'accounts_formeraddress', 'accounts_changeundo'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW'
                       ' EXECUTE FUNCTION refuse_rewrite()', t);
    END LOOP;
END $$;
"""
MUTABLE = """
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['accounts_totpdevice', 'accounts_recoverycodeset', 'accounts_recoverycode',
                             'accounts_apidevice', 'accounts_credentialchange', 'accounts_formeraddress',
                             'accounts_changeundo'] LOOP
        EXECUTE format('DROP TRIGGER no_truncate ON %I', t);
        EXECUTE format('DROP TRIGGER IF EXISTS append_only ON %I', t);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_people_guards"), ("outbox", "0001_initial")]

    operations = [
        migrations.RunSQL(
            RECORDING,
            "DROP FUNCTION accounts_record_change(bigint, text, text, text, jsonb, bigint,"
            " boolean); DROP FUNCTION accounts_is_being_opened(bigint);",
        ),
        migrations.RunSQL(
            USERS,
            "DROP FUNCTION accounts_user_changed() CASCADE; DROP FUNCTION accounts_user_opened() CASCADE;",
        ),
        migrations.RunSQL(
            FACTORS,
            "DROP FUNCTION accounts_totp_changed() CASCADE;"
            " DROP FUNCTION accounts_recovery_set_changed() CASCADE;"
            " DROP FUNCTION accounts_recovery_code_changed() CASCADE;"
            " DROP FUNCTION accounts_set_made_now() CASCADE;",
        ),
        migrations.RunSQL(DEVICES, "DROP FUNCTION accounts_api_device_changed() CASCADE;"),
        migrations.RunSQL(IMMUTABLE, MUTABLE),
    ]
