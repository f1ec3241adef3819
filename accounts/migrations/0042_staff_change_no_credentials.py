"""Staff never choose a customer's password, and never set an address, a number or a factor (requirement 23, A6.4.6).

Every change of a credential writes its row in the same transaction, by whatever hand. Where that row names a member of
staff as who acted, for another person's account, the change is refused with it: by page, shell or SQL alike. What only
takes away (an app signed out, an account closed) they may do.

SQLSTATE: KK414.
"""

from django.db import migrations

REFUSAL = """
CREATE FUNCTION accounts_refuse_staff_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_user u WHERE u.id = NEW.user_id AND u.kind = 'customer') AND (
        NEW.actor ->> 'kind' = 'staff'
        OR EXISTS (SELECT FROM accounts_user u WHERE u.id = (NEW.actor ->> 'user_id')::bigint AND u.kind = 'staff')
    ) THEN
        RAISE EXCEPTION 'staff do not change how a customer signs in (%)', NEW.kind USING ERRCODE = 'KK414';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER staff_change_nothing BEFORE INSERT ON accounts_credentialchange FOR EACH ROW
    WHEN (NEW.kind NOT IN ('api_device_removed', 'account_deactivated'))
    EXECUTE FUNCTION accounts_refuse_staff_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0041_recovery_guards")]

    operations = [migrations.RunSQL(REFUSAL, "DROP FUNCTION accounts_refuse_staff_change() CASCADE;")]
