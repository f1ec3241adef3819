"""The switches themselves, the question that everybody asks, and the guard of flips.

SQLSTATEs: KK601 the capability is stopped (DETAIL: by which switch); KK602 there is no such switch, which refuses too;
KK603 the switch is in that state already.
"""

from __future__ import annotations

from django.db import migrations

# id, name, follows "read_only". The ids are the second half of the locks' keys.
SWITCHES = [
    (1, "read_only", False),
    (2, "top_up", True),
    (3, "spending", True),
    (4, "sending", True),
    (5, "refunds", True),
    (6, "card_linking", True),
    (7, "sign_up", True),
    (8, "sign_in", False),
    (9, "sign_in_unknown", False),
    (10, "password_reset", True),
    (11, "credential_changes", True),
    (12, "processor_sandbox", True),
    (13, "processor_stripe", True),
]

# Shared locks, in the order of the ids, before the state is read by a statement of its own (which sees what was
# committed while it waited): who was let through holds its lock until the commit, and pulling waits for it.
ASKING = """
CREATE FUNCTION switches_stopping(p_name text) RETURNS text LANGUAGE plpgsql VOLATILE
    SET search_path = public, pg_temp AS $$
DECLARE
    lock_ids smallint[];
    stopping text;
BEGIN
    SELECT array_agg(s.id ORDER BY s.id) INTO lock_ids FROM switches_switch s
    WHERE s.name = p_name OR s.name = 'read_only' AND EXISTS (
        SELECT FROM switches_switch t WHERE t.name = p_name AND t.follows_read_only);
    IF lock_ids IS NULL THEN
        RAISE EXCEPTION 'there is no switch %', p_name USING ERRCODE = 'KK602', DETAIL = p_name;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(1263748947, lock_ids[1]);
    IF array_length(lock_ids, 1) > 1 THEN
        PERFORM pg_advisory_xact_lock_shared(1263748947, lock_ids[2]);
    END IF;
    SELECT s.name INTO stopping FROM switches_switch s WHERE s.id = ANY (lock_ids) AND s.is_pulled
    ORDER BY s.id DESC LIMIT 1;
    RETURN stopping;
END $$;

CREATE FUNCTION switches_require(p_name text) RETURNS void LANGUAGE plpgsql VOLATILE
    SET search_path = public, pg_temp AS $$
DECLARE
    stopping text := switches_stopping(p_name);
BEGIN
    IF stopping IS NOT NULL THEN
        RAISE EXCEPTION '% is stopped for everybody', p_name USING ERRCODE = 'KK601', DETAIL = stopping;
    END IF;
END $$;

CREATE FUNCTION switches_pulled() RETURNS text[] LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(name ORDER BY id), '{}') FROM switches_switch WHERE is_pulled
$$;
"""
ASKING_BACK = """
DROP FUNCTION switches_pulled();
DROP FUNCTION switches_require(text);
DROP FUNCTION switches_stopping(text);
"""

# With the owner's rights: the application's role may write flips, and no switch.
FLIPPING = """
CREATE FUNCTION switches_flip() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE switches_switch SET is_pulled = NEW.is_pulled, changed_at = clock_timestamp()
    WHERE id = NEW.switch_id AND is_pulled <> NEW.is_pulled;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the switch is in that state already' USING ERRCODE = 'KK603';
    END IF;
    NEW.at := clock_timestamp();
    NEW.actor := coalesce(nullif(current_setting('kakehashi.actor', true), '')::jsonb, '{"kind": "database"}');
    RETURN NEW;
END $$;
CREATE TRIGGER flips BEFORE INSERT ON switches_flip FOR EACH ROW EXECUTE FUNCTION switches_flip();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON switches_flip
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON switches_flip
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
FLIPPING_BACK = """
DROP TRIGGER no_truncate ON switches_flip;
DROP TRIGGER append_only ON switches_flip;
DROP TRIGGER flips ON switches_flip;
DROP FUNCTION switches_flip();
"""


def make_switches(apps, _schema_editor):
    switches = apps.get_model("switches", "Switch").objects
    for number, name, follows in SWITCHES:
        switches.get_or_create(id=number, defaults={"name": name, "follows_read_only": follows})


class Migration(migrations.Migration):
    dependencies = [("switches", "0001_tables"), ("audit", "0002_hash_chain")]

    operations = [
        migrations.RunPython(make_switches, migrations.RunPython.noop),
        migrations.RunSQL(ASKING, ASKING_BACK),
        migrations.RunSQL(FLIPPING, FLIPPING_BACK),
    ]
