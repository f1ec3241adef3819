"""Passkeys announce themselves like every other factor, and are who they say they are."""

from django.db import migrations

CHANGES = """
CREATE FUNCTION accounts_passkey_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.confirmed AND (TG_OP = 'DELETE' OR NOT NEW.confirmed OR NEW.user_id <> OLD.user_id) THEN
        PERFORM accounts_record_change(OLD.user_id, 'passkey_removed', OLD.name, NULL, to_jsonb(OLD), OLD.id, true);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.confirmed
       AND (TG_OP = 'INSERT' OR NOT OLD.confirmed OR NEW.user_id <> OLD.user_id) THEN
        PERFORM accounts_record_change(NEW.user_id, 'passkey_added', NULL, NEW.name, NULL, NEW.id,
                                       NOT accounts_is_being_opened(NEW.user_id));
    ELSIF TG_OP = 'UPDATE' AND NEW.confirmed
          AND (NEW.public_key <> OLD.public_key OR NEW.credential_id <> OLD.credential_id) THEN
        PERFORM accounts_record_change(NEW.user_id, 'passkey_changed', OLD.name, NEW.name, to_jsonb(OLD), NEW.id, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credential_change AFTER INSERT OR UPDATE OR DELETE ON accounts_passkey
    FOR EACH ROW EXECUTE FUNCTION accounts_passkey_changed();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_passkey FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""

IDENTITY = """
-- By the digest a credential is found: it can name no other one.
ALTER TABLE accounts_passkey ADD CONSTRAINT passkey_found_by_its_own_digest
    CHECK (credential_id_sha256 = encode(sha256(credential_id), 'hex'));
"""

SEALED = """
-- The package brings these tables. A row in them would be a factor that nobody is told of: they stay empty.
ALTER TABLE django_otp_webauthn_webauthncredential ADD CONSTRAINT sealed CHECK (false) NO INHERIT;
ALTER TABLE django_otp_webauthn_webauthnattestation ADD CONSTRAINT sealed CHECK (false) NO INHERIT;
"""
UNSEALED = """
ALTER TABLE django_otp_webauthn_webauthncredential DROP CONSTRAINT sealed;
ALTER TABLE django_otp_webauthn_webauthnattestation DROP CONSTRAINT sealed;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0027_passkeys"), ("django_otp_webauthn", "0004_webauthnuserhandle")]

    operations = [
        migrations.RunSQL(
            CHANGES,
            "DROP FUNCTION accounts_passkey_changed() CASCADE; DROP TRIGGER no_truncate ON accounts_passkey;",
        ),
        migrations.RunSQL(
            IDENTITY, "ALTER TABLE accounts_passkey DROP CONSTRAINT passkey_found_by_its_own_digest;"
        ),
        migrations.RunSQL(SEALED, UNSEALED),
    ]
