"""While customers can change nothing, no wish to close begins and no wallet closes; calling one off goes on."""

from __future__ import annotations

from django.db import migrations

SWITCHED = """
CREATE TRIGGER switched BEFORE INSERT ON payments_closure
    FOR EACH ROW EXECUTE FUNCTION support_switched('credential_changes');
CREATE TRIGGER switched_closing BEFORE UPDATE ON payments_closure
    FOR EACH ROW WHEN (OLD.state = 'waiting' AND NEW.state = 'closed')
    EXECUTE FUNCTION support_switched('credential_changes');
"""
SWITCHED_BACK = """
DROP TRIGGER switched_closing ON payments_closure;
DROP TRIGGER switched ON payments_closure;
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0101_dispute_and_settlement_cases"), ("payments", "0080_closures")]

    operations = [migrations.RunSQL(SWITCHED, SWITCHED_BACK)]
