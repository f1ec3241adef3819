"""What the desk owes to somebody whose wallet is closed opens a case, and takes two people to be booked as paid.

SQLSTATE KK416: no approval says this.
"""

from __future__ import annotations

from django.db import migrations, models

QUEUES = [
    ("undo_link_used", "Undo link used"),
    ("sign_in_reported", "Sign-in reported as not theirs"),
    ("locked", "Locked by the customer without signing in"),
    ("recovery", "Access lost: recovery asked for or stopped"),
    ("appeal", "Appeals"),
    ("bounced_notice", "Bounced security notices"),
    ("top_up_dispute", "Disputed top-ups"),
    ("risk", "Refused as unusual"),
    ("claim", "Money owed to a closed wallet's customer"),
    ("other", "Other"),
]
CASES = """
CREATE FUNCTION support_open_claim_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, customer_id, queue, state, subject, text, due_at, close_reason)
    VALUES (gen_random_uuid(), NEW.user_id, 'claim', 'open', '',
            NEW.public_id || ' ' || NEW.reason || ' ' || NEW.amount || ' ' || NEW.currency || ' ' || NEW.refused_because,
            now() + interval '3 days', '');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_case AFTER INSERT ON payments_claim
    FOR EACH ROW WHEN (NEW.way = 'desk') EXECUTE FUNCTION support_open_claim_case();
CREATE TRIGGER opens_case_later AFTER UPDATE ON payments_claim
    FOR EACH ROW WHEN (NEW.way = 'desk' AND OLD.way <> 'desk') EXECUTE FUNCTION support_open_claim_case();
"""
CASES_BACK = """
DROP TRIGGER opens_case_later ON payments_claim;
DROP TRIGGER opens_case ON payments_claim;
DROP FUNCTION support_open_claim_case();
"""
TWO = """
CREATE FUNCTION support_guard_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM support_approval a WHERE a.kind = 'pay_claim' AND a.subject_id = NEW.id AND a.state = 'approved'
          AND a."right" = 'approve' AND (a.facts ->> 'amount')::bigint = NEW.amount
          AND a.facts ->> 'reference' = NEW.payment_reference
    ) THEN
        RAISE EXCEPTION 'no approval says this' USING ERRCODE = 'KK416';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER takes_two BEFORE UPDATE ON payments_claim FOR EACH ROW
    WHEN (OLD.state = 'owed' AND NEW.state = 'paid' AND NEW.way = 'desk') EXECUTE FUNCTION support_guard_claim();
"""
TWO_BACK = """
DROP TRIGGER takes_two ON payments_claim;
DROP FUNCTION support_guard_claim();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0060_unknown_devices"), ("payments", "0082_data_exports")]

    operations = [
        migrations.AlterField("case", "queue", models.TextField(choices=QUEUES)),
        migrations.RemoveConstraint("case", "case_queue"),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(
                condition=models.Q(
                    queue__in=[
                        "undo_link_used",
                        "recovery",
                        "sign_in_reported",
                        "locked",
                        "appeal",
                        "bounced_notice",
                        "top_up_dispute",
                        "risk",
                        "claim",
                        "other",
                    ]
                ),
                name="case_queue",
            ),
        ),
        migrations.RunSQL(CASES, CASES_BACK),
        migrations.RunSQL(TWO, TWO_BACK),
    ]
