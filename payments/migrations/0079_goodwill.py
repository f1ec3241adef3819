"""What of a wallet's balance can be spent but never turned into money."""

from __future__ import annotations

from django.db import migrations

# Compensation and goodwill are not cashable. They are what a wallet spends first in stores, and what a store refunds
# is theirs again as far as the payments before took of them: paying and refunding does not turn them into money.
GOODWILL = """
CREATE FUNCTION ledger_goodwill_left(p_wallet bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_seq bigint;
    moved record;
    remains bigint := 0;
    used bigint := 0;
    part bigint;
BEGIN
    SELECT min(e.account_seq) INTO first_seq FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
    WHERE e.account_id = p_wallet AND j.kind IN ('goodwill', 'compensation');
    IF first_seq IS NULL THEN
        RETURN 0;
    END IF;
    FOR moved IN
        SELECT j.kind, e.amount FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
        WHERE e.account_id = p_wallet AND e.account_seq >= first_seq
          AND j.kind IN ('goodwill', 'compensation', 'payment', 'refund')
        ORDER BY e.account_seq
    LOOP
        IF moved.kind IN ('goodwill', 'compensation') THEN
            remains := greatest(0, remains + moved.amount);
        ELSIF moved.amount < 0 THEN
            part := least(remains, -moved.amount);
            remains := remains - part;
            used := used + part;
        ELSE
            part := least(used, moved.amount);
            remains := remains + part;
            used := used - part;
        END IF;
    END LOOP;
    RETURN least(remains, (SELECT balance FROM payments_account WHERE id = p_wallet));
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0032_charge_references")]

    operations = [migrations.RunSQL(GOODWILL, "DROP FUNCTION ledger_goodwill_left(bigint);")]
