"""Goodwill is no money after the wallet has closed either.

What was paid with goodwill and is given back by a store to a closed wallet was owed by the desk, in money: buy, close,
return the goods. It lapses like the rest of the goodwill did; what of it was compensation is decided by people.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

_SENDING = import_module("payments.migrations.0112_sending").GOODWILL
_WALLET = import_module("payments.migrations.0081_closure_guards").WALLET
_LATE = _WALLET[
    _WALLET.index("CREATE FUNCTION ledger_claim_late_credit") : _WALLET.index("CREATE TRIGGER passes_on")
]

# As in 0112, of the entries up to a number.
REMAINS = (
    _SENDING[: _SENDING.index("-- Of the balance")]
    .replace("(p_wallet bigint)", "(p_wallet bigint, p_until bigint DEFAULT 9223372036854775807)")
    .replace("e.account_seq >= first_seq", "e.account_seq >= first_seq AND e.account_seq <= p_until")
)
REMAINS = f"DROP FUNCTION ledger_goodwill_remains(bigint);\n{REMAINS}"
REMAINS_BACK = f"""
DROP FUNCTION ledger_goodwill_remains(bigint, bigint);
{_SENDING}
"""

LATE = """
CREATE OR REPLACE FUNCTION ledger_claim_late_credit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    came bigint := NEW.balance - OLD.balance;
    brought record;
    tied bigint := 0;
    compensation bigint := 0;
    moved bigint;
    part record;
BEGIN
    SELECT j.id, j.reference, j.kind INTO brought FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
    WHERE e.account_id = NEW.id AND e.account_seq = NEW.seq;
    IF brought.kind = 'refund' THEN
        tied := ledger_goodwill_remains(NEW.id) - ledger_goodwill_remains(NEW.id, NEW.seq - 1);
        -- Goodwill counts as spent first; what was compensation when it closed and is no claim yet was spent too.
        compensation := least(tied, greatest(0, (
            SELECT coalesce(sum(e.amount), 0) FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
            WHERE e.account_id = NEW.id AND j.kind = 'compensation' AND j.occurred_at <= NEW.closed_at
        ) - (
            SELECT coalesce(sum(c.amount), 0) FROM payments_claim c WHERE c.user_id = NEW.owner_id AND c.reason = 'comp'
        )));
    END IF;
    SELECT posted_journal INTO moved FROM (
        SELECT array_agg(account) AS accounts, array_agg(amount) AS amounts FROM (VALUES
            (NEW.id, -came),
            (ledger_own_account('claims_payable', NEW.currency, NEW.id), came - tied + compensation),
            (ledger_own_account('goodwill', NEW.currency, NEW.id), tied - compensation)
        ) leg (account, amount) WHERE amount <> 0
    ) legs, ledger_post_legs('late_credit:' || brought.id, 'closing', brought.reference, legs.accounts, legs.amounts);
    FOR part IN SELECT * FROM (VALUES ('late', came - tied), ('comp', compensation)) parts (reason, amount)
    LOOP
        CONTINUE WHEN part.amount = 0;
        INSERT INTO payments_claim (public_id, user_id, amount, currency, reason, way, state, journal_id,
                                    refused_because, payment_reference)
        VALUES (gen_random_uuid(), NEW.owner_id, part.amount, NEW.currency, part.reason, 'desk', 'owed', moved, '', '');
    END LOOP;
    RETURN NULL;
END $$;
"""
LATE_BACK = _LATE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("payments", "0112_sending")]

    operations = [
        migrations.RunSQL(REMAINS, REMAINS_BACK),
        migrations.RunSQL(LATE, LATE_BACK),
    ]
