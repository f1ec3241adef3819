"""A claim whose charge the card's holder takes back through their bank is not paid beside that.

Its owner would have the money twice: from us and from their bank. While the dispute is open the claim waits, when it is
lost the bank has paid; won by us it is paid. The charge's lock orders this and news of a dispute, which takes it first.

SQLSTATE: KK203, as for every step that there is not.
"""

from __future__ import annotations

from django.db import migrations

WAITS = """
CREATE FUNCTION payments_refuse_disputed_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM payments_topup t WHERE t.id = NEW.top_up_id FOR SHARE;
    IF EXISTS (SELECT FROM payments_dispute d WHERE d.top_up_id = NEW.top_up_id AND d.state <> 'won') THEN
        RAISE EXCEPTION 'the charge of this claim is disputed' USING ERRCODE = 'KK203';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER is_uncontested BEFORE UPDATE ON payments_claim FOR EACH ROW
    WHEN (OLD.state <> 'paid' AND NEW.state = 'paid' AND NEW.top_up_id IS NOT NULL)
    EXECUTE FUNCTION payments_refuse_disputed_claim();
"""
WAITS_BACK = """
DROP TRIGGER is_uncontested ON payments_claim;
DROP FUNCTION payments_refuse_disputed_claim();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0114_raises_called_off")]

    operations = [migrations.RunSQL(WAITS, WAITS_BACK)]
