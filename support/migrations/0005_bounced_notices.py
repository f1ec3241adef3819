"""A security notice that could not be delivered opens a case: somebody has to reach the customer another way."""

from __future__ import annotations

from django.db import migrations

BOUNCES = """
-- One open case of this queue per customer: the lock orders two notices that come back at once.
CREATE FUNCTION support_open_bounce_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    customer bigint;
BEGIN
    SELECT u.id INTO customer FROM outbox_event e JOIN accounts_user u ON u.id = e.user_id AND u.kind = 'customer'
    WHERE e.id = NEW.event_id;
    IF customer IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('bounced notices of ' || customer, 4));
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, close_reason)
    SELECT gen_random_uuid(), customer, 'bounced_notice', 'open', '', left(NEW.last_error, 500),
           now() + interval '1 day', ''
    WHERE NOT EXISTS (SELECT FROM support_case c
                      WHERE c.customer_id = customer AND c.queue = 'bounced_notice' AND c.state = 'open');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER UPDATE OF state ON outbox_delivery
    FOR EACH ROW WHEN (NEW.priority = 'security' AND NEW.state IN ('failed', 'bounced') AND OLD.state <> NEW.state)
    EXECUTE FUNCTION support_open_bounce_case();
"""
BOUNCES_BACK = """
DROP TRIGGER opens_case ON outbox_delivery;
DROP FUNCTION support_open_bounce_case();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0004_roles"), ("outbox", "0001_initial")]

    operations = [migrations.RunSQL(BOUNCES, BOUNCES_BACK)]
