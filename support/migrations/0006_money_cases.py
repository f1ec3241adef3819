"""A disputed top-up, or a charge that the books and the processor see differently, opens a case by itself."""

from __future__ import annotations

from django.db import migrations, models

MONEY = """
-- The sweep may find the same again and again: one open case for each finding.
CREATE FUNCTION support_open_money_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, close_reason)
    SELECT gen_random_uuid(), u.id, 'top_up_dispute', 'open', '', NEW.action || ' ' || NEW.subject_id,
           now() + interval '1 day', ''
    FROM accounts_user u WHERE u.id = NEW.user_id AND u.kind = 'customer' AND NOT EXISTS (
        SELECT FROM support_case c WHERE c.customer_id = u.id AND c.queue = 'top_up_dispute' AND c.state = 'open'
          AND c.text = NEW.action || ' ' || NEW.subject_id);
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER INSERT ON audit_auditrow FOR EACH ROW
    WHEN (NEW.action IN ('payments:top_up:disputed', 'payments:top_up:charged_after_failure',
                         'payments:top_up:amount_differs'))
    EXECUTE FUNCTION support_open_money_case();
"""
MONEY_BACK = """
DROP TRIGGER opens_case ON audit_auditrow;
DROP FUNCTION support_open_money_case();
"""
QUEUES = [
    ("undo_link_used", "Undo link used"),
    ("appeal", "Appeals"),
    ("bounced_notice", "Bounced security notices"),
    ("top_up_dispute", "Disputed top-ups"),
    ("other", "Other"),
]


class Migration(migrations.Migration):
    dependencies = [("support", "0005_bounced_notices"), ("audit", "0002_hash_chain")]

    operations = [
        migrations.AlterField("case", "queue", models.TextField(choices=QUEUES)),
        migrations.RemoveConstraint("case", "case_queue"),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(
                condition=models.Q(queue__in=[name for name, _words in QUEUES]), name="case_queue"
            ),
        ),
        migrations.RunSQL(MONEY, MONEY_BACK),
    ]
