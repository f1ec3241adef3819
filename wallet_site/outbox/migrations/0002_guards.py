"""What is owed stays owed: to whom and what about never changes, and nobody owes the triggers' notices beforehand.

The application's role sends, so it may say that a notice was sent. It may not turn a notice to another address, mark a
change as told before each of its addresses has a delivery, or take the key of a change that is yet to come.
"""

from django.db import migrations

EVENTS = """
-- Not SECURITY DEFINER: inside the triggers that owe these events `current_user` is the tables' owner, else who asks.
CREATE FUNCTION outbox_guard_event() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (NEW.key LIKE 'credential-change:%' OR NEW.key LIKE 'account-opened:%'
            OR NEW.topic IN ('accounts:credential:changed', 'accounts:account:opened'))
           AND current_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
            RAISE EXCEPTION 'only the change itself owes this notice' USING ERRCODE = 'KK902';
        END IF;
        NEW.expanded_at := NULL;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.key, OLD.topic, OLD.payload, OLD.user_id, OLD.priority)
       IS DISTINCT FROM (NEW.id, NEW.key, NEW.topic, NEW.payload, NEW.user_id, NEW.priority) THEN
        RAISE EXCEPTION 'what is owed never changes' USING ERRCODE = 'KK902';
    END IF;
    IF OLD.expanded_at IS DISTINCT FROM NEW.expanded_at AND (
        OLD.expanded_at IS NOT NULL OR jsonb_typeof(NEW.payload->'recipients') = 'array' AND EXISTS (
            SELECT FROM jsonb_to_recordset(NEW.payload->'recipients') AS owed (channel text, address text)
            WHERE NOT EXISTS (
                SELECT FROM outbox_delivery d
                WHERE d.event_id = NEW.id AND d.channel = owed.channel AND d.address = owed.address))) THEN
        RAISE EXCEPTION 'each address that is owed a notice needs its delivery' USING ERRCODE = 'KK902';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_owed BEFORE INSERT OR UPDATE ON outbox_event
    FOR EACH ROW EXECUTE FUNCTION outbox_guard_event();
CREATE TRIGGER no_delete BEFORE DELETE ON outbox_event FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON outbox_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
EVENTS_BACK = """
DROP TRIGGER no_truncate ON outbox_event;
DROP TRIGGER no_delete ON outbox_event;
DROP TRIGGER stays_owed ON outbox_event;
DROP FUNCTION outbox_guard_event();
"""

DELIVERIES = """
CREATE FUNCTION outbox_guard_delivery() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'queued' OR NEW.priority <> (SELECT priority FROM outbox_event WHERE id = NEW.event_id) THEN
            RAISE EXCEPTION 'a delivery begins queued, as urgent as its event' USING ERRCODE = 'KK902';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.event_id, OLD.channel, OLD.address, OLD.priority, OLD.message_id)
       IS DISTINCT FROM (NEW.id, NEW.event_id, NEW.channel, NEW.address, NEW.priority, NEW.message_id) THEN
        RAISE EXCEPTION 'to whom a notice goes never changes' USING ERRCODE = 'KK902';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_addressed BEFORE INSERT OR UPDATE ON outbox_delivery
    FOR EACH ROW EXECUTE FUNCTION outbox_guard_delivery();
CREATE TRIGGER no_delete BEFORE DELETE ON outbox_delivery FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON outbox_delivery FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
DELIVERIES_BACK = """
DROP TRIGGER no_truncate ON outbox_delivery;
DROP TRIGGER no_delete ON outbox_delivery;
DROP TRIGGER stays_addressed ON outbox_delivery;
DROP FUNCTION outbox_guard_delivery();
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial"), ("audit", "0002_hash_chain")]

    operations = [
        migrations.RunSQL(EVENTS, EVENTS_BACK),
        migrations.RunSQL(DELIVERIES, DELIVERIES_BACK),
    ]
