"""A merchant's webhook that was turned off opens a case: the merchant may not know that it hears nothing more."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations, models


CASES = """
CREATE FUNCTION support_open_webhook_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO support_case (public_id, queue, state, subject, text, due_at, close_reason)
    VALUES (gen_random_uuid(), 'webhook', 'open', '',
            concat_ws(E'\\n', NEW.data ->> 'merchant', NEW.data ->> 'url', NEW.data ->> 'because'),
            now() + interval '1 day', '');
    RETURN NULL;
END $$;
CREATE TRIGGER opens_webhook_case AFTER INSERT ON audit_auditrow FOR EACH ROW
    WHEN (NEW.action = 'payments:webhook:disabled') EXECUTE FUNCTION support_open_webhook_case();
"""
CASES_BACK = """
DROP TRIGGER opens_webhook_case ON audit_auditrow;
DROP FUNCTION support_open_webhook_case();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0083_stuffing_wave_guards"),
        ("support", "0110_closing_switched"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="case",
            name="case_queue",
        ),
        migrations.AlterField(
            model_name="case",
            name="queue",
            field=models.TextField(
                choices=[
                    ("undo_link_used", "Undo link used"),
                    ("sign_in_reported", "Sign-in reported as not theirs"),
                    ("locked", "Locked by the customer without signing in"),
                    ("recovery", "Access lost: recovery asked for or stopped"),
                    ("appeal", "Appeals"),
                    ("bounced_notice", "Bounced security notices"),
                    ("top_up_dispute", "Disputed top-ups"),
                    ("risk", "Refused as unusual"),
                    ("claim", "Money owed to a closed wallet's customer"),
                    ("stuffing", "Waves of guessed passwords"),
                    ("payment_report", "Payments reported as not theirs"),
                    ("settlement", "Settlement files and books"),
                    ("webhook", "Merchants' webhooks turned off"),
                    ("other", "Other"),
                ]
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "queue__in",
                        [
                            "undo_link_used",
                            "recovery",
                            "sign_in_reported",
                            "locked",
                            "appeal",
                            "bounced_notice",
                            "top_up_dispute",
                            "risk",
                            "claim",
                            "stuffing",
                            "payment_report",
                            "settlement",
                            "webhook",
                            "other",
                        ],
                    )
                ),
                name="case_queue",
            ),
        ),
        migrations.RunSQL(CASES, CASES_BACK),
    ]
