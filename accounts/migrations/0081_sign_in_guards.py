"""Who signs in from a browser or network that the account does not know: judged, kept and told by the database.

Whatever begins a session or signs an app in, its row is judged before it is written, its try is kept for good, and
what is new is owed to every address in the same transaction (requirement 33). A try that was kept is never rewritten.

SQLSTATE: KK415.
"""

from django.db import migrations

KNOWN = """
-- Mobile networks hand out addresses within a block: the block is what becomes familiar.
CREATE FUNCTION accounts_network_block(p_network inet) RETURNS cidr LANGUAGE sql IMMUTABLE
    SET search_path = public, pg_temp AS
$$ SELECT network(set_masklen(p_network, CASE family(p_network) WHEN 4 THEN 24 ELSE 48 END)) $$;

-- Since when this person has signed in with this browser; null for never. What its owner reported as not theirs makes
-- nothing known. Sign-ins of before browsers had a secret know them by their label ("Chrome on Windows"), until the
-- first one that has.
CREATE FUNCTION accounts_browser_since(p_user bigint, p_browser text, p_device text) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT min(coalesce(s.known_since, s.started_at)) FROM accounts_signin s
    WHERE s.user_id = p_user
      AND (s.browser <> '' AND s.browser = p_browser
           OR s.browser = '' AND s.device <> '' AND s.device = p_device AND NOT EXISTS (
               SELECT FROM accounts_signin b WHERE b.user_id = p_user AND b.browser <> ''))
      AND NOT EXISTS (SELECT FROM accounts_accountreport r WHERE r.sign_in_id = s.id)
$$;

-- The same for the block of a network, by browser or app.
CREATE FUNCTION accounts_network_since(p_user bigint, p_network inet) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT least(
        (SELECT min(s.started_at) FROM accounts_signin s
         WHERE s.user_id = p_user AND s.network <<= accounts_network_block(p_network)
           AND NOT EXISTS (SELECT FROM accounts_accountreport r WHERE r.sign_in_id = s.id)),
        (SELECT min(d.created_at) FROM accounts_apidevice d
         WHERE d.user_id = p_user AND d.network <<= accounts_network_block(p_network)
           AND NOT EXISTS (SELECT FROM accounts_accountreport r WHERE r.device_id = d.id)),
        (SELECT min(a.at) FROM accounts_signinattempt a
         WHERE a.user_id = p_user AND a.api_device_id IS NOT NULL
           AND a.network <<= accounts_network_block(p_network)
           AND NOT EXISTS (SELECT FROM accounts_accountreport r WHERE r.device_id = a.api_device_id)))
$$;
"""
KNOWN_BACK = """
DROP FUNCTION accounts_network_since(bigint, inet);
DROP FUNCTION accounts_browser_since(bigint, text, text);
DROP FUNCTION accounts_network_block(inet);
"""

TELLING = """
-- Owes the notice of one unfamiliar sign-in to every address and channel on file.
CREATE FUNCTION accounts_tell_unfamiliar(p_user bigint, p_key text, p_facts jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO outbox_event (key, topic, payload, user_id, priority)
    SELECT p_key, 'accounts:sign_in:unfamiliar', p_facts || jsonb_build_object('recipients', (
        SELECT jsonb_agg(jsonb_build_object('channel', channel, 'address', address) ORDER BY channel, address)
        FROM (SELECT DISTINCT channel, address FROM accounts_notice_targets(p_user)) t)), p_user, 'security';
END $$;
REVOKE EXECUTE ON FUNCTION accounts_tell_unfamiliar(bigint, text, jsonb) FROM PUBLIC;
"""
TELLING_BACK = "DROP FUNCTION accounts_tell_unfamiliar(bigint, text, jsonb);"

BROWSERS = """
-- The first sign-in of all is the end of signing up, and news to nobody. One person's sign-ins are judged one after the
-- other: of two at once from one new browser the first is new.
CREATE FUNCTION accounts_judge_sign_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    since timestamptz;
    is_first boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('sign-in of ' || NEW.user_id, 5));
    since := accounts_browser_since(NEW.user_id, NEW.browser, NEW.device);
    is_first := NOT EXISTS (SELECT FROM accounts_signin s WHERE s.user_id = NEW.user_id)
        AND NOT EXISTS (SELECT FROM accounts_apidevice d WHERE d.user_id = NEW.user_id);
    NEW.known_since := coalesce(since, NEW.started_at);
    NEW.is_new_device := since IS NULL AND NOT is_first;
    NEW.is_new_network := NEW.network IS NOT NULL AND NOT is_first
        AND accounts_network_since(NEW.user_id, NEW.network) IS NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER judged BEFORE INSERT ON accounts_signin FOR EACH ROW EXECUTE FUNCTION accounts_judge_sign_in();

CREATE FUNCTION accounts_keep_sign_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO accounts_signinattempt (user_id, at, result, channel, factor, device, network, sign_in_id,
        is_new_device, is_new_network)
    VALUES (NEW.user_id, NEW.started_at, 'succeeded', 'browser', NEW.factor, NEW.device, NEW.network, NEW.id,
        NEW.is_new_device, NEW.is_new_network);
    IF NEW.is_new_device OR NEW.is_new_network THEN
        PERFORM accounts_tell_unfamiliar(NEW.user_id, 'sign-in:browser:' || NEW.id, jsonb_build_object(
            'sign_in_id', NEW.id, 'at', NEW.started_at, 'is_new_device', NEW.is_new_device));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER kept AFTER INSERT ON accounts_signin FOR EACH ROW EXECUTE FUNCTION accounts_keep_sign_in();

-- What was judged stays: lower limits, and whose browser is known, rest on it.
CREATE FUNCTION accounts_sign_in_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.user_id, NEW.browser, NEW.is_new_device, NEW.is_new_network)
        IS DISTINCT FROM (OLD.user_id, OLD.browser, OLD.is_new_device, OLD.is_new_network)
        OR NEW.known_since IS DISTINCT FROM OLD.known_since THEN
        RAISE EXCEPTION 'whose sign-in it was, and whether it was new, never changes' USING ERRCODE = 'KK415';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays BEFORE UPDATE ON accounts_signin FOR EACH ROW EXECUTE FUNCTION accounts_sign_in_stays();
"""
BROWSERS_BACK = """
DROP FUNCTION accounts_sign_in_stays() CASCADE;
DROP FUNCTION accounts_keep_sign_in() CASCADE;
DROP FUNCTION accounts_judge_sign_in() CASCADE;
"""

APPS = """
-- A new app is a credential change and told as one. One that signs in again may still come from a new network.
CREATE FUNCTION accounts_judge_app() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    NEW.is_new_network := NEW.network IS NOT NULL AND accounts_network_since(NEW.user_id, NEW.network) IS NULL
        AND (EXISTS (SELECT FROM accounts_signin s WHERE s.user_id = NEW.user_id)
             OR EXISTS (SELECT FROM accounts_apidevice d WHERE d.user_id = NEW.user_id));
    RETURN NEW;
END $$;
CREATE TRIGGER judged BEFORE INSERT ON accounts_apidevice FOR EACH ROW
    WHEN (NEW.signed_in_at IS NOT NULL) EXECUTE FUNCTION accounts_judge_app();
CREATE TRIGGER judged_again BEFORE UPDATE ON accounts_apidevice FOR EACH ROW
    WHEN (NEW.signed_in_at IS NOT NULL AND NEW.signed_in_at IS DISTINCT FROM OLD.signed_in_at)
    EXECUTE FUNCTION accounts_judge_app();

CREATE FUNCTION accounts_keep_app() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    attempt bigint;
BEGIN
    INSERT INTO accounts_signinattempt (user_id, at, result, channel, factor, device, network, api_device_id,
        is_new_device, is_new_network)
    VALUES (NEW.user_id, NEW.signed_in_at, 'succeeded', 'app', NEW.factor, NEW.name, NEW.network, NEW.id,
        TG_OP = 'INSERT', NEW.is_new_network) RETURNING id INTO attempt;
    IF TG_OP = 'UPDATE' AND NEW.is_new_network THEN
        PERFORM accounts_tell_unfamiliar(NEW.user_id, 'sign-in:app:' || attempt, jsonb_build_object(
            'device_id', NEW.id, 'at', NEW.signed_in_at, 'is_new_device', false));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER kept AFTER INSERT ON accounts_apidevice FOR EACH ROW
    WHEN (NEW.signed_in_at IS NOT NULL) EXECUTE FUNCTION accounts_keep_app();
CREATE TRIGGER kept_again AFTER UPDATE ON accounts_apidevice FOR EACH ROW
    WHEN (NEW.signed_in_at IS NOT NULL AND NEW.signed_in_at IS DISTINCT FROM OLD.signed_in_at)
    EXECUTE FUNCTION accounts_keep_app();
"""
APPS_BACK = """
DROP FUNCTION accounts_keep_app() CASCADE;
DROP FUNCTION accounts_judge_app() CASCADE;
"""

PAST = """
INSERT INTO accounts_signinattempt (user_id, at, result, channel, factor, device, network, sign_in_id)
SELECT user_id, started_at, 'succeeded', 'browser', factor, device, network, id FROM accounts_signin ORDER BY id;
"""

APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_signinattempt
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON accounts_signinattempt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
APPEND_ONLY_BACK = """
DROP TRIGGER no_truncate ON accounts_signinattempt;
DROP TRIGGER append_only ON accounts_signinattempt;
DELETE FROM accounts_signinattempt;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0080_sign_in_attempts"), ("outbox", "0002_guards")]

    operations = [
        migrations.RunSQL(KNOWN, KNOWN_BACK),
        migrations.RunSQL(TELLING, TELLING_BACK),
        migrations.RunSQL(PAST, migrations.RunSQL.noop),
        migrations.RunSQL(BROWSERS, BROWSERS_BACK),
        migrations.RunSQL(APPS, APPS_BACK),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
    ]
