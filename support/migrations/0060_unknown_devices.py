"""The switch for unknown devices asks the verdict that accounts' own trigger has just written into the row."""

from __future__ import annotations

from django.db import migrations

KNOWN = """
-- `judged` comes before `switched`: by the time this is asked, the row says whether browser and network are new.
CREATE OR REPLACE FUNCTION support_switch_sign_in() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts_user WHERE id = NEW.user_id AND kind = 'customer') THEN
        RETURN NEW;
    END IF;
    PERFORM switches_require('sign_in');
    IF NEW.is_new_device OR NEW.is_new_network THEN
        PERFORM switches_require('sign_in_unknown');
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0052_recoveries_take_two"), ("accounts", "0081_sign_in_guards")]

    # Its way back is the first form in 0050: it still works beside the new columns.
    operations = [migrations.RunSQL(KNOWN, migrations.RunSQL.noop)]
