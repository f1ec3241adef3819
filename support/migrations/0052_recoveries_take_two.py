"""The wait of a recovery begins by an approval that says so; who asks for one, and who stops one, calls the desk.

SQLSTATE KK413, as of the recovery's own guard: no approval, or not by the two who are named.
"""

from __future__ import annotations

from django.db import migrations

TWO = """
CREATE FUNCTION support_guard_recovery() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM support_approval a
        WHERE a.kind = 'start_recovery' AND a.subject_id = NEW.id AND a.state = 'approved'
          AND a."right" = 'approve_recovery'
          AND a.made_by_id = NEW.started_by_id AND a.decided_by_id = NEW.approved_by_id
    ) THEN
        RAISE EXCEPTION 'no approval says this' USING ERRCODE = 'KK413';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_two BEFORE UPDATE ON accounts_recovery FOR EACH ROW
    WHEN (OLD.state = 'started' AND NEW.state = 'waiting') EXECUTE FUNCTION support_guard_recovery();
"""
CASES = """
CREATE FUNCTION support_open_recovery_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, close_reason)
    VALUES (gen_random_uuid(), NEW.user_id, 'recovery', 'open', '', '', now() + interval '4 hours', '');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER INSERT ON accounts_recovery FOR EACH ROW
    WHEN (NEW.state = 'requested') EXECUTE FUNCTION support_open_recovery_case();
CREATE TRIGGER opens_case AFTER INSERT ON accounts_recoverystop
    FOR EACH ROW EXECUTE FUNCTION support_open_recovery_case();
"""
CASES_BACK = """
DROP TRIGGER opens_case ON accounts_recoverystop;
DROP TRIGGER opens_case ON accounts_recovery;
DROP FUNCTION support_open_recovery_case();
"""
RIGHTS = {
    "ask_recovery": ("Start a recovery of access, refuse or end it", ("agent", "supervisor")),
    "approve_recovery": ("Approve a recovery of access", ("supervisor",)),
}


def give_rights(apps, _schema_editor):
    content_type, _made = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="support", model="case"
    )
    permissions, groups = (
        apps.get_model("auth", "Permission").objects,
        apps.get_model("auth", "Group").objects,
    )
    for codename, (words, roles) in RIGHTS.items():
        made, _new = permissions.update_or_create(
            codename=codename, content_type=content_type, defaults={"name": words}
        )
        for role in roles:
            groups.get(name=role).permissions.add(made)


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0051_recovery_desk"),
        ("accounts", "0042_staff_change_no_credentials"),
    ]

    operations = [
        migrations.RunPython(give_rights, migrations.RunPython.noop),
        migrations.RunSQL(TWO, "DROP FUNCTION support_guard_recovery() CASCADE;"),
        migrations.RunSQL(CASES, CASES_BACK),
    ]
