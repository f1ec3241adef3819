"""The audit guards itself: rows are chained by hash when written, and nobody changes or removes one."""

from django.db import migrations

CHAINS = """
-- Several chains: a writer holds its chain until it commits, others take another one.
INSERT INTO audit_auditchain (chain, seq, hash) SELECT n, 0, ''::bytea FROM generate_series(0, 31) n;
ALTER TABLE audit_auditchain SET (fillfactor = 50);

CREATE FUNCTION audit_row_hash(r audit_auditrow) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(r.previous_hash || convert_to(jsonb_build_array(
        r.chain, r.chain_seq, to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        r.action, r.actor, r.subject_type, r.subject_id, r.user_id, r.data)::text, 'UTF8'))
$$;

CREATE FUNCTION audit_chain_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    own smallint := pg_backend_pid() % 32;
    head audit_auditchain;
BEGIN
    SELECT * INTO head FROM audit_auditchain WHERE chain = own FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN  -- somebody is writing there: any free one; only when all are taken, wait.
        SELECT * INTO head FROM audit_auditchain FOR UPDATE SKIP LOCKED LIMIT 1;
        IF NOT FOUND THEN
            SELECT * INTO head FROM audit_auditchain WHERE chain = own FOR UPDATE;
        END IF;
    END IF;
    NEW.chain := head.chain;
    NEW.chain_seq := head.seq + 1;
    NEW.previous_hash := head.hash;
    NEW.at := clock_timestamp();
    NEW.hash := audit_row_hash(NEW);
    UPDATE audit_auditchain SET seq = NEW.chain_seq, hash = NEW.hash WHERE chain = head.chain;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_chain BEFORE INSERT ON audit_auditrow FOR EACH ROW EXECUTE FUNCTION audit_chain_row();
"""

APPEND_ONLY = """
-- One function for every append-only table of the portal.
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'KK901';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_auditrow
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_auditrow
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_auditchain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(
            CHAINS,
            "DROP TRIGGER audit_chain ON audit_auditrow; DROP FUNCTION audit_chain_row();"
            " DROP FUNCTION audit_row_hash(audit_auditrow); DELETE FROM audit_auditchain;",
        ),
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION refuse_rewrite() CASCADE;"),
    ]
