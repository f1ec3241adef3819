"""What takes two about disputes and differences does so in the database, and each of them calls the desk by itself.

SQLSTATE KK305: an answer or a booking that no approval says, or that says another than was approved.
"""

from __future__ import annotations

from django.db import migrations

TWO = """
CREATE FUNCTION support_guard_dispute_answer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM support_approval a
        WHERE a.id = NEW.approval_id AND a.kind = 'answer_dispute' AND a.subject_id = NEW.dispute_id
          AND a.state = 'approved' AND a."right" = 'approve_dispute' AND a.facts ->> 'answer' = NEW.kind
          AND coalesce(nullif(a.facts -> 'evidence', 'null'), '{}') = NEW.evidence
    ) THEN
        RAISE EXCEPTION 'no approval says this answer' USING ERRCODE = 'KK305';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_two BEFORE INSERT ON payments_disputeanswer
    FOR EACH ROW EXECUTE FUNCTION support_guard_dispute_answer();

CREATE FUNCTION support_guard_booking() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM support_approval a
        JOIN payments_entry e ON e.journal_id = NEW.journal_id AND e.amount = abs((a.facts ->> 'amount_minor')::bigint)
        WHERE a.kind = 'book_difference' AND a.subject_id = NEW.id AND a.state = 'approved'
          AND a."right" = 'approve_booking' AND a.decided_by_id = NEW.resolved_by_id
    ) THEN
        RAISE EXCEPTION 'no approval says this booking' USING ERRCODE = 'KK305';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_two BEFORE UPDATE ON payments_settlementdifference
    FOR EACH ROW WHEN (NEW.resolution = 'booked') EXECUTE FUNCTION support_guard_booking();
"""
TWO_BACK = """
DROP TRIGGER takes_two ON payments_settlementdifference;
DROP FUNCTION support_guard_booking();
DROP TRIGGER takes_two ON payments_disputeanswer;
DROP FUNCTION support_guard_dispute_answer();
"""

CASES = """
CREATE FUNCTION support_open_payment_report_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, close_reason)
    VALUES (gen_random_uuid(), NEW.user_id, 'payment_report', 'open', '',
            '#' || NEW.journal_id || E'\n' || NEW.text, now() + interval '4 hours', '');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER INSERT ON payments_paymentreport
    FOR EACH ROW EXECUTE FUNCTION support_open_payment_report_case();

CREATE FUNCTION support_open_difference_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, close_reason)
    VALUES (gen_random_uuid(), (SELECT t.user_id FROM payments_topup t WHERE t.id = NEW.top_up_id), 'settlement', 'open',
            '', 'payments:settlement:' || NEW.kind || ' ' || NEW.id, now() + interval '1 day', '');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER INSERT ON payments_settlementdifference
    FOR EACH ROW EXECUTE FUNCTION support_open_difference_case();

-- About nobody's account: one open case for each finding.
CREATE FUNCTION support_open_books_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, queue, state, subject, text, due_at, close_reason)
    SELECT gen_random_uuid(), 'settlement', 'open', '', NEW.action || ' ' || NEW.subject_id, now() + interval '4 hours', ''
    WHERE NOT EXISTS (
        SELECT FROM support_case c WHERE c.queue = 'settlement' AND c.state = 'open'
          AND c.text = NEW.action || ' ' || NEW.subject_id);
    RETURN NULL;
END $$;
CREATE TRIGGER opens_books_case AFTER INSERT ON audit_auditrow FOR EACH ROW
    WHEN (NEW.action IN ('payments:books:unsound', 'payments:dispute:unknown_charge'))
    EXECUTE FUNCTION support_open_books_case();

DROP TRIGGER opens_case ON audit_auditrow;
CREATE TRIGGER opens_case AFTER INSERT ON audit_auditrow FOR EACH ROW
    WHEN (NEW.action IN ('payments:top_up:disputed', 'payments:top_up:charged_after_failure',
                         'payments:top_up:amount_differs', 'payments:top_up:disputed_again',
                         'payments:top_up:dispute_without_money', 'payments:dispute:decided_twice',
                         'payments:dispute:answer_refused'))
    EXECUTE FUNCTION support_open_money_case();
"""
CASES_BACK = """
DROP TRIGGER opens_case ON audit_auditrow;
CREATE TRIGGER opens_case AFTER INSERT ON audit_auditrow FOR EACH ROW
    WHEN (NEW.action IN ('payments:top_up:disputed', 'payments:top_up:charged_after_failure',
                         'payments:top_up:amount_differs'))
    EXECUTE FUNCTION support_open_money_case();
DROP TRIGGER opens_books_case ON audit_auditrow;
DROP FUNCTION support_open_books_case();
DROP TRIGGER opens_case ON payments_settlementdifference;
DROP FUNCTION support_open_difference_case();
DROP TRIGGER opens_case ON payments_paymentreport;
DROP FUNCTION support_open_payment_report_case();
"""
RIGHTS = {
    "ask_dispute": ("Ask to contest a dispute or to give it up", ("fraud_analyst", "finance")),
    "approve_dispute": ("Approve the answer to a dispute", ("supervisor", "fraud_analyst", "finance")),
    "see_settlement": ("See settlement files and their differences", ("supervisor", "finance", "auditor")),
    "reconcile": ("Fetch settlement files, resolve differences", ("finance",)),
    "approve_booking": ("Approve booking a difference to suspense", ("supervisor", "finance")),
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
        ("support", "0100_dispute_desk"),
        ("payments", "0101_dispute_and_settlement_guards"),
        ("audit", "0002_hash_chain"),
    ]

    operations = [
        migrations.RunPython(give_rights, migrations.RunPython.noop),
        migrations.RunSQL(TWO, TWO_BACK),
        migrations.RunSQL(CASES, CASES_BACK),
    ]
