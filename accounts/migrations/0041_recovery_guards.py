"""A recovery keeps its steps and its time by the database's own clock, tells everybody by itself, and is never staff's.

SQLSTATEs: KK411 a step that there is not, or something that never changes; KK412 too early, too late or before everybody
was told; KK413 not two members of staff; KK414 staff in the customer's place.
"""

from django.db import migrations

STEPS = """
CREATE FUNCTION accounts_recovery_step_exists(p_way text, p_old text, p_new text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT (p_way, p_old, p_new) IN (
        ('code', 'proving', 'enrolling'), ('code', 'proving', 'waiting'), ('code', 'proving', 'expired'),
        ('desk', 'requested', 'started'), ('desk', 'requested', 'refused'), ('desk', 'requested', 'expired'),
        ('desk', 'started', 'waiting'), ('desk', 'started', 'refused'), ('desk', 'started', 'expired')
    ) OR (p_old, p_new) IN (
        ('waiting', 'ready'),
        ('ready', 'enrolling'), ('ready', 'waiting'), ('ready', 'expired'),
        ('enrolling', 'completed'), ('enrolling', 'expired')
    ) OR (
        p_old IN ('proving', 'requested', 'started', 'waiting', 'ready', 'enrolling')
        AND p_new IN ('stopped', 'withdrawn', 'overtaken')
    )
$$;

-- A wait in which nobody could be told is no wait: the first round of notices must have left as long ago as the wait
-- is long, the last one half a day, and no address may still be owed its notice.
CREATE FUNCTION accounts_recovery_was_told(p_recovery bigint, p_rounds int, p_wait interval) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    waiting bigint;
    told int;
    first_sent timestamptz;
    last_sent timestamptz;
BEGIN
    SELECT max(id) INTO waiting FROM accounts_recoverystep WHERE recovery_id = p_recovery AND state = 'waiting';
    SELECT count(*), min(round.sent_at), max(round.sent_at) INTO told, first_sent, last_sent FROM (
        SELECT min(d.sent_at) FILTER (WHERE d.state = 'sent') AS sent_at,
               count(*) FILTER (WHERE d.state = 'queued') AS owed
        FROM generate_series(1, p_rounds) AS number
        JOIN outbox_event e ON e.key = 'recovery-told:' || p_recovery || ':' || waiting || ':' || number
        JOIN outbox_delivery d ON d.event_id = e.id
        GROUP BY number
    ) round WHERE round.sent_at IS NOT NULL AND round.owed = 0;
    RETURN told = p_rounds AND first_sent + p_wait <= clock_timestamp()
       AND (p_rounds = 1 OR last_sent + interval '12 hours' <= clock_timestamp());
END $$;
"""
STEPS_BACK = """
DROP FUNCTION accounts_recovery_was_told(bigint, int, interval);
DROP FUNCTION accounts_recovery_step_exists(text, text, text);
"""

GUARD = """
CREATE FUNCTION accounts_guard_recovery() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    who jsonb := coalesce(nullif(current_setting('kakehashi.actor', true), ''), '{"kind": "database"}')::jsonb;
    at_desk boolean := who ->> 'kind' = 'staff';
    acting bigint := CASE WHEN who ->> 'kind' = 'staff' THEN (who ->> 'user_id')::bigint END;
    moment timestamptz := clock_timestamp();
    rounds int := greatest(1, extract(epoch FROM OLD.waits_until - OLD.changed_at)::int / 86400);
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (NEW.way, NEW.state) NOT IN (('code', 'proving'), ('desk', 'requested'), ('desk', 'started')) THEN
            RAISE EXCEPTION 'a recovery does not begin as %', NEW.state USING ERRCODE = 'KK411';
        END IF;
        SELECT u.email INTO NEW.address FROM accounts_user u
        WHERE u.id = NEW.user_id AND u.kind = 'customer' AND u.is_active;
        IF NEW.address IS NULL THEN
            RAISE EXCEPTION 'only an open account of a customer can be recovered' USING ERRCODE = 'KK411';
        END IF;
        NEW.began_at := moment;
        NEW.changed_at := moment;
        NEW.approved_by_id := NULL;
        NEW.approved_at := NULL;
        NEW.waits_until := NULL;
        NEW.rounds_told := 0;
        NEW.password_lost := false;
        NEW.link_digest := NULL;
        NEW.key_digest := NULL;
        NEW.expires_at := moment + CASE NEW.state
            WHEN 'proving' THEN interval '30 minutes' WHEN 'started' THEN interval '24 hours' ELSE interval '14 days' END;
    ELSE
        IF (OLD.id, OLD.public_id, OLD.user_id, OLD.way, OLD.address, OLD.began_at)
           IS DISTINCT FROM (NEW.id, NEW.public_id, NEW.user_id, NEW.way, NEW.address, NEW.began_at)
           OR OLD.state NOT IN ('proving', 'requested', 'started', 'waiting', 'ready', 'enrolling')
           OR OLD.started_by_id IS NOT NULL
              AND (NEW.started_by_id, NEW.reason) IS DISTINCT FROM (OLD.started_by_id, OLD.reason)
           OR NEW.started_by_id IS DISTINCT FROM OLD.started_by_id AND NEW.state <> 'started'
           OR NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id AND (OLD.state, NEW.state) <> ('started', 'waiting')
           OR NEW.password_lost <> OLD.password_lost AND (OLD.state, NEW.state) <> ('ready', 'waiting')
           OR NEW.link_digest IS DISTINCT FROM OLD.link_digest AND NEW.link_digest IS NOT NULL AND NEW.state <> 'ready'
           OR NEW.key_digest IS DISTINCT FROM OLD.key_digest AND NEW.key_digest IS NOT NULL AND NEW.state <> 'enrolling'
        THEN
            RAISE EXCEPTION 'what a recovery is, and one that has ended, never changes' USING ERRCODE = 'KK411';
        END IF;
        NEW.approved_at := OLD.approved_at;
        NEW.waits_until := OLD.waits_until;
        NEW.expires_at := OLD.expires_at;
        NEW.changed_at := OLD.changed_at;
        IF NEW.state = OLD.state THEN
            IF NEW.rounds_told <> OLD.rounds_told AND (
                NEW.state <> 'waiting' OR NEW.rounds_told <> OLD.rounds_told + 1 OR NEW.rounds_told > rounds
                OR OLD.changed_at + OLD.rounds_told * interval '24 hours' > moment
            ) THEN
                RAISE EXCEPTION 'the next round is not due' USING ERRCODE = 'KK412';
            ELSIF NEW.key_digest IS DISTINCT FROM OLD.key_digest AND OLD.expires_at <= moment THEN
                RAISE EXCEPTION 'the time of this recovery is over' USING ERRCODE = 'KK412';
            ELSIF NEW.key_digest IS DISTINCT FROM OLD.key_digest AND at_desk THEN
                RAISE EXCEPTION 'staff set up nothing for a customer' USING ERRCODE = 'KK414';
            END IF;
            RETURN NEW;
        END IF;
        IF NOT accounts_recovery_step_exists(OLD.way, OLD.state, NEW.state) THEN
            RAISE EXCEPTION 'a recovery cannot go from % to %', OLD.state, NEW.state USING ERRCODE = 'KK411';
        END IF;
        NEW.changed_at := moment;
        NEW.rounds_told := CASE WHEN NEW.state = 'waiting' THEN 1 ELSE OLD.rounds_told END;
    END IF;

    IF NEW.state = 'started' THEN
        IF NEW.started_by_id IS NULL OR NEW.started_by_id IS DISTINCT FROM acting
           OR NOT EXISTS (SELECT FROM accounts_user u WHERE u.id = acting AND u.kind = 'staff' AND u.is_active) THEN
            RAISE EXCEPTION 'a recovery is started by the member of staff who acts' USING ERRCODE = 'KK413';
        END IF;
        NEW.expires_at := moment + interval '24 hours';
    ELSIF NEW.state = 'waiting' THEN
        IF OLD.state = 'started' AND (
            NEW.approved_by_id IS NULL OR NEW.approved_by_id IS DISTINCT FROM acting
            OR NEW.approved_by_id = NEW.started_by_id OR OLD.expires_at <= moment
            OR NOT EXISTS (SELECT FROM accounts_user u WHERE u.id = acting AND u.kind = 'staff' AND u.is_active)
        ) THEN
            RAISE EXCEPTION 'a recovery is approved in time by another member of staff who acts' USING ERRCODE = 'KK413';
        ELSIF OLD.state = 'ready' AND (OLD.password_lost OR NOT NEW.password_lost OR at_desk) THEN
            RAISE EXCEPTION 'a link that is there waits again only once, for a lost password' USING ERRCODE = 'KK411';
        END IF;
        IF OLD.state = 'started' THEN
            NEW.approved_at := moment;
        END IF;
        NEW.waits_until := moment + CASE OLD.state WHEN 'started' THEN interval '72 hours' ELSE interval '24 hours' END;
        NEW.expires_at := NULL;
        NEW.link_digest := NULL;
        NEW.key_digest := NULL;
    ELSIF NEW.state = 'ready' THEN
        IF OLD.waits_until > moment
           OR NOT accounts_recovery_was_told(OLD.id, rounds, OLD.waits_until - OLD.changed_at) THEN
            RAISE EXCEPTION 'the waiting period is not over, or not everybody was told' USING ERRCODE = 'KK412';
        ELSIF NEW.link_digest IS NULL THEN
            RAISE EXCEPTION 'a recovery that is ready has a link' USING ERRCODE = 'KK411';
        END IF;
        NEW.expires_at := moment + interval '72 hours';
    ELSIF NEW.state IN ('enrolling', 'completed') THEN
        IF at_desk THEN
            RAISE EXCEPTION 'staff set up nothing for a customer' USING ERRCODE = 'KK414';
        ELSIF OLD.expires_at <= moment THEN
            RAISE EXCEPTION 'the time of this recovery is over' USING ERRCODE = 'KK412';
        ELSIF NEW.state = 'enrolling' AND NEW.key_digest IS NULL THEN
            RAISE EXCEPTION 'a factor is set up by who holds its key' USING ERRCODE = 'KK411';
        ELSIF OLD.state = 'proving' AND (
            SELECT count(*) < 2 FROM accounts_notice_targets(OLD.user_id)
        ) THEN
            RAISE EXCEPTION 'the channel that recovers an account is never the only one told' USING ERRCODE = 'KK412';
        ELSIF OLD.address <> (SELECT u.email FROM accounts_user u WHERE u.id = OLD.user_id) THEN
            RAISE EXCEPTION 'the address on file is another one now' USING ERRCODE = 'KK411';
        END IF;
        IF OLD.state = 'proving' THEN
            NEW.expires_at := moment + interval '30 minutes';
        END IF;
    ELSIF NEW.state = 'expired' AND (OLD.expires_at IS NULL OR OLD.expires_at > moment) THEN
        RAISE EXCEPTION 'the time of this recovery is not over' USING ERRCODE = 'KK412';
    END IF;
    IF NEW.state NOT IN ('proving', 'requested', 'started', 'waiting', 'ready', 'enrolling') THEN
        -- Nothing that could open anything outlives the recovery.
        NEW.code_digest := NULL;
        NEW.link_digest := NULL;
        NEW.key_digest := NULL;
        NEW.totp_seed := NULL;
        NEW.totp_step := NULL;
        NEW.recovery_codes := NULL;
        NEW.password_hash := '';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_steps BEFORE INSERT OR UPDATE ON accounts_recovery
    FOR EACH ROW EXECUTE FUNCTION accounts_guard_recovery();
"""

TOLD = """
-- Every state reached is written down and told at every address, whoever brought the recovery there. What only hands it
-- on inside the house or the browser is not told.
CREATE FUNCTION accounts_recovery_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    who jsonb := coalesce(nullif(current_setting('kakehashi.actor', true), ''), '{"kind": "database"}')::jsonb;
    step bigint;
BEGIN
    IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
        INSERT INTO accounts_recoverystep (recovery_id, user_id, state, actor, at)
        VALUES (NEW.id, NEW.user_id, NEW.state, who, NEW.changed_at) RETURNING id INTO step;
    ELSIF NEW.rounds_told = OLD.rounds_told THEN
        RETURN NULL;
    ELSE
        SELECT max(id) INTO step FROM accounts_recoverystep WHERE recovery_id = NEW.id AND state = 'waiting';
    END IF;
    IF NEW.state NOT IN ('started', 'enrolling') THEN
        INSERT INTO outbox_event (key, topic, payload, user_id, priority) VALUES (
            'recovery-told:' || NEW.id || ':' || step || ':'
                || CASE NEW.state WHEN 'waiting' THEN NEW.rounds_told ELSE 0 END,
            'accounts:recovery:moved',
            jsonb_build_object('recovery_id', NEW.id, 'state', NEW.state, 'round', NEW.rounds_told, 'step_id', step,
                               'until', NEW.waits_until, 'recipients', (
                                   SELECT jsonb_agg(jsonb_build_object('channel', channel, 'address', address)) FROM (
                                       SELECT channel, address FROM accounts_notice_targets(NEW.user_id)
                                       ORDER BY channel, address) target)),
            NEW.user_id, 'security');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER is_told AFTER INSERT OR UPDATE ON accounts_recovery
    FOR EACH ROW EXECUTE FUNCTION accounts_recovery_moved();
"""

OVERTAKEN = """
-- Whoever changes a credential has shown that the account can be got into, or is at it: what was proven before counts no
-- more. A recovery that completes is no longer open when its own changes are written.
CREATE FUNCTION accounts_overtake_recoveries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE accounts_recovery SET state = 'overtaken'
    WHERE user_id = NEW.user_id AND state IN ('proving', 'requested', 'started', 'waiting', 'ready', 'enrolling');
    RETURN NULL;
END $$;
CREATE TRIGGER overtakes_recoveries AFTER INSERT ON accounts_credentialchange FOR EACH ROW
    WHEN (NEW.kind NOT IN ('password_rehashed', 'recovery_code_used', 'api_device_added', 'api_device_removed'))
    EXECUTE FUNCTION accounts_overtake_recoveries();
CREATE TRIGGER overtakes_recoveries AFTER INSERT ON accounts_changeundo
    FOR EACH ROW EXECUTE FUNCTION accounts_overtake_recoveries();
"""
OVERTAKEN_BACK = """
DROP TRIGGER overtakes_recoveries ON accounts_changeundo;
DROP TRIGGER overtakes_recoveries ON accounts_credentialchange;
DROP FUNCTION accounts_overtake_recoveries();
"""

RECORD = """
CREATE TRIGGER no_delete BEFORE DELETE ON accounts_recovery FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_recovery
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_recoverystep
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_recoverystep
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_recoverystop
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_recoverystop
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
RECORD_BACK = """
DROP TRIGGER no_truncate ON accounts_recoverystop;
DROP TRIGGER append_only ON accounts_recoverystop;
DROP TRIGGER no_truncate ON accounts_recoverystep;
DROP TRIGGER append_only ON accounts_recoverystep;
DROP TRIGGER no_truncate ON accounts_recovery;
DROP TRIGGER no_delete ON accounts_recovery;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0040_recoveries"),
        ("outbox", "0002_guards"),
    ]

    operations = [
        migrations.RunSQL(STEPS, STEPS_BACK),
        migrations.RunSQL(GUARD, "DROP FUNCTION accounts_guard_recovery() CASCADE;"),
        migrations.RunSQL(TOLD, "DROP FUNCTION accounts_recovery_moved() CASCADE;"),
        migrations.RunSQL(OVERTAKEN, OVERTAKEN_BACK),
        migrations.RunSQL(RECORD, RECORD_BACK),
    ]
