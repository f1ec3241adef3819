"""A higher limit that waits is called off by whatever makes limits low (requirement 29): it would count amid the cool-off.

Who has taken an account over would ask for it first and change the address then. `accounts.policy` names the changes
that leave limits as they are; a browser that the account does not know is none of them.
"""

from __future__ import annotations

from django.db import migrations

CALLED_OFF = """
CREATE FUNCTION payments_call_raises_off() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE payments_ownlimit SET next_amount = NULL, next_at = NULL
    WHERE user_id = NEW.user_id AND next_at > clock_timestamp();
    RETURN NULL;
END $$;
CREATE TRIGGER calls_raises_off AFTER INSERT ON accounts_credentialchange FOR EACH ROW
    WHEN (NEW.kind NOT IN ('password_rehashed', 'recovery_code_used', 'api_device_removed', 'account_deactivated',
                           'account_activated'))
    EXECUTE FUNCTION payments_call_raises_off();
CREATE TRIGGER calls_raises_off AFTER INSERT ON accounts_signin FOR EACH ROW
    WHEN (NEW.is_new_device) EXECUTE FUNCTION payments_call_raises_off();
"""
CALLED_OFF_BACK = """
DROP TRIGGER calls_raises_off ON accounts_signin;
DROP TRIGGER calls_raises_off ON accounts_credentialchange;
DROP FUNCTION payments_call_raises_off();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0113_late_goodwill"), ("accounts", "0083_stuffing_wave_guards")]

    operations = [migrations.RunSQL(CALLED_OFF, CALLED_OFF_BACK)]
