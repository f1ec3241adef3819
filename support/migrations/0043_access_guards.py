"""More rights for some hours only with an approval that says so, and never by the grace of who gets them.

SQLSTATE KK305: a grant without its approval, altered, or approved by the person who gets it.
"""

from __future__ import annotations

from django.db import migrations

GRANTS = """
CREATE FUNCTION support_guard_access() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    asked support_approval;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
           OR (to_jsonb(NEW) - '{ended_at,ended_by_id}'::text[]) <> (to_jsonb(OLD) - '{ended_at,ended_by_id}'::text[]) THEN
            RAISE EXCEPTION 'extra access can only be ended, once' USING ERRCODE = 'KK305';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO asked FROM support_approval WHERE id = NEW.approval_id;
    IF asked.kind IS DISTINCT FROM 'extra_access' OR asked.state <> 'approved' OR asked.subject_id <> NEW.user_id
       OR asked.facts ->> 'right' <> NEW."right" OR NEW.ended_at IS NOT NULL OR NEW."right" = 'approve_access'
       OR NEW.starts_at > clock_timestamp() + interval '1 minute'
       OR NEW.ends_at > asked.decided_at + make_interval(hours => least((asked.facts ->> 'hours')::int, 8), mins => 1) THEN
        RAISE EXCEPTION 'no approval says this' USING ERRCODE = 'KK305';
    ELSIF support_same_person(NEW.user_id, asked.decided_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'nobody approves what they get' USING ERRCODE = 'KK305';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_two BEFORE INSERT OR UPDATE ON support_extraaccess
    FOR EACH ROW EXECUTE FUNCTION support_guard_access();
CREATE TRIGGER no_delete BEFORE DELETE ON support_extraaccess FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON support_extraaccess
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
"""
GRANTS_BACK = """
DROP TRIGGER no_truncate ON support_extraaccess;
DROP TRIGGER no_delete ON support_extraaccess;
DROP TRIGGER takes_two ON support_extraaccess;
DROP FUNCTION support_guard_access();
"""

HOLDS = """
CREATE OR REPLACE FUNCTION support_holds(p_user bigint, p_right text) RETURNS boolean LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM accounts_user u WHERE u.id = p_user AND u.is_staff AND u.is_active AND (
            u.is_superuser
            OR EXISTS (SELECT FROM accounts_user_groups m
                       JOIN auth_group_permissions g ON g.group_id = m.group_id
                       JOIN auth_permission p ON p.id = g.permission_id
                       JOIN django_content_type t ON t.id = p.content_type_id AND t.app_label = 'support'
                       WHERE m.user_id = u.id AND p.codename = p_right)
            OR EXISTS (SELECT FROM accounts_user_user_permissions m
                       JOIN auth_permission p ON p.id = m.permission_id
                       JOIN django_content_type t ON t.id = p.content_type_id AND t.app_label = 'support'
                       WHERE m.user_id = u.id AND p.codename = p_right)
            OR EXISTS (SELECT FROM support_extraaccess x
                       WHERE x.user_id = u.id AND x."right" = p_right AND x.ended_at IS NULL
                         AND x.starts_at <= clock_timestamp() AND x.ends_at > clock_timestamp())))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0042_extra_access")]

    operations = [
        migrations.RunSQL(GRANTS, GRANTS_BACK),
        migrations.RunSQL(HOLDS, migrations.RunSQL.noop),
    ]
