"""A refund that met a dispute of the same charge on its way opens a case, as the other sums of disputes do that call people."""

from __future__ import annotations

from django.db import migrations

CASES = """
DROP TRIGGER opens_case ON audit_auditrow;
CREATE TRIGGER opens_case AFTER INSERT ON audit_auditrow FOR EACH ROW
    WHEN (NEW.action IN ('payments:top_up:disputed', 'payments:top_up:charged_after_failure',
                         'payments:top_up:amount_differs', 'payments:top_up:disputed_again',
                         'payments:top_up:dispute_without_money', 'payments:dispute:decided_twice',
                         'payments:dispute:answer_refused', 'payments:claim:refunded_and_disputed'))
    EXECUTE FUNCTION support_open_money_case();
"""
CASES_BACK = """
DROP TRIGGER opens_case ON audit_auditrow;
CREATE TRIGGER opens_case AFTER INSERT ON audit_auditrow FOR EACH ROW
    WHEN (NEW.action IN ('payments:top_up:disputed', 'payments:top_up:charged_after_failure',
                         'payments:top_up:amount_differs', 'payments:top_up:disputed_again',
                         'payments:top_up:dispute_without_money', 'payments:dispute:decided_twice',
                         'payments:dispute:answer_refused'))
    EXECUTE FUNCTION support_open_money_case();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0120_webhook_cases"), ("audit", "0001_initial")]

    operations = [migrations.RunSQL(CASES, CASES_BACK)]
