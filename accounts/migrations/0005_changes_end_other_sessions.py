"""After a credential change everything signed in elsewhere is out, whoever made the change (requirements 21, 31).

An action that forgets to end sessions, a member of staff in a shell and a hand in psql all leave an attacker's cookie
and tokens worthless. The session or app that made the change itself goes on.
"""

from django.db import migrations

ENDING = """
CREATE FUNCTION accounts_change_ends_others() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    -- What was proven where the change was made. A session of somebody else (staff) keeps nothing of this person's.
    kept_session text := NEW.actor->>'session_id';
    kept_device text := NEW.actor->>'token_id';
BEGIN
    IF NEW.kind IN ('password_rehashed', 'recovery_code_used') THEN
        RETURN NULL;
    END IF;
    UPDATE accounts_passwordreset SET used_at = now() WHERE user_id = NEW.user_id AND used_at IS NULL;
    IF NEW.kind IN ('api_device_added', 'api_device_removed', 'account_activated') THEN
        RETURN NULL;
    END IF;
    IF NEW.kind = 'account_deactivated' THEN
        kept_session := NULL;
        kept_device := NULL;
    END IF;
    UPDATE accounts_signin SET ended_at = now(), ended_why = 'credential_change'
        WHERE user_id = NEW.user_id AND ended_at IS NULL AND public_id::text IS DISTINCT FROM kept_session;
    DELETE FROM accounts_accesstoken t USING accounts_apidevice d
        WHERE d.id = t.device_id AND d.user_id = NEW.user_id AND d.public_id::text IS DISTINCT FROM kept_device;
    UPDATE accounts_apidevice SET revoked_at = now(), revoked_why = 'credential_change'
        WHERE user_id = NEW.user_id AND revoked_at IS NULL AND public_id::text IS DISTINCT FROM kept_device;
    RETURN NULL;
END $$;
CREATE TRIGGER ends_others AFTER INSERT ON accounts_credentialchange
    FOR EACH ROW EXECUTE FUNCTION accounts_change_ends_others();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_sign_up_proofs_and_resets")]

    operations = [migrations.RunSQL(ENDING, "DROP FUNCTION accounts_change_ends_others() CASCADE;")]
