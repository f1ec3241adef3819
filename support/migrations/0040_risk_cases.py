"""A movement that the rules of risk refused opens a case: somebody asks the customer whether it was them."""

from __future__ import annotations

from django.db import migrations, models

RISK = """
-- One open case for each customer: a thief who tries on does not bury the desk.
CREATE FUNCTION support_open_risk_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('risk case of ' || NEW.user_id, 4));
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, close_reason)
    SELECT gen_random_uuid(), u.id, 'risk', 'open', '', NEW.action || ' ' || NEW.subject_id,
           now() + interval '4 hours', ''
    FROM accounts_user u WHERE u.id = NEW.user_id AND u.kind = 'customer' AND NOT EXISTS (
        SELECT FROM support_case c WHERE c.customer_id = u.id AND c.queue = 'risk' AND c.state = 'open');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_risk_case AFTER INSERT ON audit_auditrow FOR EACH ROW
    WHEN (NEW.action = 'payments:risk:denied') EXECUTE FUNCTION support_open_risk_case();
"""
RISK_BACK = """
DROP TRIGGER opens_risk_case ON audit_auditrow;
DROP FUNCTION support_open_risk_case();
"""
QUEUES = [
    ("undo_link_used", "Undo link used"),
    ("sign_in_reported", "Sign-in reported as not theirs"),
    ("locked", "Locked by the customer without signing in"),
    ("appeal", "Appeals"),
    ("bounced_notice", "Bounced security notices"),
    ("top_up_dispute", "Disputed top-ups"),
    ("risk", "Refused as unusual"),
    ("other", "Other"),
]


class Migration(migrations.Migration):
    dependencies = [("support", "0031_approval_guards"), ("audit", "0002_hash_chain")]

    operations = [
        migrations.AlterField("case", "queue", models.TextField(choices=QUEUES)),
        migrations.RemoveConstraint("case", "case_queue"),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(
                condition=models.Q(queue__in=[name for name, _words in QUEUES]), name="case_queue"
            ),
        ),
        migrations.RunSQL(RISK, RISK_BACK),
    ]
