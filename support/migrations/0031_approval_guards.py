"""Two people, not two accounts: who asks and who decides are who acts, and nobody decides their own by any path.

SQLSTATEs: KK301 an approval that is decided twice, late or altered; KK302 a lifting that nobody else approved; KK303 one
that its own maker approves, by whatever account; KK304 one that somebody without the right decides, or in another's name.
"""

from __future__ import annotations

from django.db import migrations, models

EXPIRE_DOUBLES = """
-- Two of before about one suspension: the older ones are over.
UPDATE support_approval a SET state = 'expired' WHERE state = 'waiting' AND (expires_at <= clock_timestamp() OR EXISTS (
    SELECT FROM support_approval b WHERE b.kind = a.kind AND b.subject_id = a.subject_id AND b.state = 'waiting'
                                     AND b.id > a.id));
"""

# A person leaves the desk and comes back under a new account, or has two: names (in any order of their words, wide or
# narrow letters), every address that either account has or had (a "+tag" is the same mailbox) and the phone tell.
PEOPLE = """
CREATE FUNCTION support_words_of_name(p_name text) RETURNS text LANGUAGE sql IMMUTABLE
    SET search_path = public, pg_temp AS $$
    SELECT string_agg(word, ' ' ORDER BY word COLLATE "C")
    FROM regexp_split_to_table(lower(normalize(p_name, NFKC)), '[[:space:].,_・·-]+') AS word WHERE word <> ''
$$;

CREATE FUNCTION support_mailbox(p_email text) RETURNS text LANGUAGE sql IMMUTABLE
    SET search_path = public, pg_temp AS $$
    SELECT split_part(split_part(lower(p_email), '@', 1), '+', 1) || '@' || split_part(lower(p_email), '@', 2)
$$;

CREATE FUNCTION support_mailboxes_of(p_user bigint) RETURNS SETOF text LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS $$
    SELECT support_mailbox(email) FROM accounts_user WHERE id = p_user
    UNION SELECT support_mailbox(email) FROM accounts_formeraddress WHERE user_id = p_user
    UNION SELECT support_mailbox(value) FROM accounts_credentialchange, unnest(ARRAY[old_value, new_value]) AS value
          WHERE user_id = p_user AND kind = 'email_changed' AND value <> ''
$$;

CREATE FUNCTION support_same_person(p_one bigint, p_other bigint) RETURNS boolean LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS $$
    SELECT p_one = p_other
        OR EXISTS (
            SELECT FROM accounts_user a JOIN accounts_user b ON b.id = p_other
            WHERE a.id = p_one AND (
                support_words_of_name(a.full_name) = support_words_of_name(b.full_name)
                OR replace(lower(normalize(a.full_name, NFKC)), ' ', '') = replace(lower(normalize(b.full_name, NFKC)), ' ', '')
                OR a.phone = b.phone))
        OR EXISTS (SELECT support_mailboxes_of(p_one) INTERSECT SELECT support_mailboxes_of(p_other))
$$;

CREATE FUNCTION support_holds(p_user bigint, p_right text) RETURNS boolean LANGUAGE sql STABLE
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
                       WHERE m.user_id = u.id AND p.codename = p_right)))
$$;
"""
PEOPLE_BACK = """
DROP FUNCTION support_holds(bigint, text);
DROP FUNCTION support_same_person(bigint, bigint);
DROP FUNCTION support_mailboxes_of(bigint);
DROP FUNCTION support_mailbox(text);
DROP FUNCTION support_words_of_name(text);
"""

APPROVALS = """
CREATE OR REPLACE FUNCTION support_guard_approval() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    acting bigint := (nullif(current_setting('kakehashi.actor', true), '')::jsonb ->> 'user_id')::bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' THEN
            RAISE EXCEPTION 'an approval begins waiting' USING ERRCODE = 'KK301';
        ELSIF acting IS DISTINCT FROM NEW.made_by_id
              OR NOT EXISTS (SELECT FROM accounts_user u WHERE u.id = NEW.made_by_id AND u.is_staff AND u.is_active) THEN
            RAISE EXCEPTION 'a request is made by the member of staff who acts' USING ERRCODE = 'KK304';
        END IF;
        NEW.made_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF OLD.state <> 'waiting' OR NEW.state = 'waiting'
       OR (to_jsonb(NEW) - '{state,decided_by_id,decided_at,decision_reason}'::text[])
          <> (to_jsonb(OLD) - '{state,decided_by_id,decided_at,decision_reason}'::text[]) THEN
        RAISE EXCEPTION 'an approval is decided once and never altered' USING ERRCODE = 'KK301';
    ELSIF NEW.state = 'expired' THEN
        IF OLD.expires_at > clock_timestamp() THEN
            RAISE EXCEPTION 'the approval has not expired' USING ERRCODE = 'KK301';
        END IF;
        RETURN NEW;
    ELSIF OLD.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'the approval has expired' USING ERRCODE = 'KK301';
    ELSIF acting IS NULL OR acting IS DISTINCT FROM NEW.decided_by_id THEN
        RAISE EXCEPTION 'an approval is decided by who acts' USING ERRCODE = 'KK304';
    ELSIF NEW.state = 'approved' AND support_same_person(OLD.made_by_id, NEW.decided_by_id) IS NOT FALSE THEN
        RAISE EXCEPTION 'nobody approves what they have asked for' USING ERRCODE = 'KK303';
    ELSIF NEW.decided_by_id <> OLD.made_by_id AND NOT support_holds(NEW.decided_by_id, OLD."right") THEN
        RAISE EXCEPTION 'this takes the right to %', OLD."right" USING ERRCODE = 'KK304';
    END IF;
    NEW.decided_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER decided_once BEFORE INSERT OR UPDATE ON support_approval
    FOR EACH ROW EXECUTE FUNCTION support_guard_approval();
"""
APPROVALS_BACK = """
DROP TRIGGER decided_once ON support_approval;
"""

LIFTS = """
CREATE OR REPLACE FUNCTION support_guard_lift() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM support_approval a
        WHERE a.kind = 'lift_suspension' AND a.subject_id = NEW.id AND a.state = 'approved'
          AND a.decided_by_id = NEW.lifted_by_id
    ) THEN
        RAISE EXCEPTION 'a suspension is lifted by two members of staff' USING ERRCODE = 'KK302';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_two BEFORE UPDATE ON accounts_suspension
    FOR EACH ROW WHEN (NEW.lifted_at IS NOT NULL AND OLD.channel <> 'customer')
    EXECUTE FUNCTION support_guard_lift();
"""
LIFTS_BACK = "DROP TRIGGER takes_two ON accounts_suspension;"


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0030_generic_approvals"),
        ("accounts", "0003_credential_changes"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunSQL(EXPIRE_DOUBLES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "approval",
            models.UniqueConstraint(
                fields=["kind", "subject_id"],
                name="one_request_waits",
                condition=models.Q(state="waiting"),
            ),
        ),
        migrations.RunSQL(PEOPLE, PEOPLE_BACK),
        migrations.RunSQL(APPROVALS, APPROVALS_BACK),
        migrations.RunSQL(LIFTS, LIFTS_BACK),
    ]
