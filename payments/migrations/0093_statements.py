"""A month of a wallet, closed."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

# A wallet without an entry before the month's end has no statement. The account's own number bounds what is read:
# balance, number and entries are of one moment here.
CLOSE = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_statement
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_rewrite();

CREATE FUNCTION ledger_make_statements(
    p_month date, p_after bigint, p_count int, OUT made int, OUT last_account bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    begins timestamptz := p_month::timestamp AT TIME ZONE 'Asia/Tokyo';
    ends timestamptz := (p_month + interval '1 month')::timestamp AT TIME ZONE 'Asia/Tokyo';
BEGIN
    IF ends > clock_timestamp() THEN
        RAISE EXCEPTION 'the month is not over' USING ERRCODE = 'KK020';
    END IF;
    SELECT max(id) INTO last_account FROM (
        SELECT id FROM payments_account WHERE kind = 'wallet' AND id > p_after ORDER BY id LIMIT p_count) batch;
    INSERT INTO payments_statement (account_id, month, opening, money_in, money_out, closing, first_seq, last_seq)
    SELECT a.id, p_month, opening.balance, moved.came, moved.went, opening.balance + moved.came - moved.went,
           before.until + 1, reach.until
    FROM payments_account a
    CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT s.last_seq FROM payments_statement s
             WHERE s.account_id = a.id AND s.month = (p_month - interval '1 month')::date),
            (SELECT e.account_seq FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
             WHERE e.account_id = a.id AND j.occurred_at < begins ORDER BY e.account_seq DESC LIMIT 1), 0) AS until
    ) before
    CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT e.account_seq - 1 FROM payments_entry e JOIN payments_journal j ON j.id = e.journal_id
             WHERE e.account_id = a.id AND e.account_seq > before.until AND j.occurred_at >= ends
             ORDER BY e.account_seq LIMIT 1), a.seq) AS until
    ) reach
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT e.balance_after FROM payments_entry e
                         WHERE e.account_id = a.id AND e.account_seq = before.until), 0) AS balance
    ) opening
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0)::bigint AS came,
               coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0)::bigint AS went
        FROM payments_entry e
        WHERE e.account_id = a.id AND e.account_seq > before.until AND e.account_seq <= reach.until
    ) moved
    WHERE a.kind = 'wallet' AND a.id > p_after AND a.id <= last_account AND reach.until > 0
      AND NOT EXISTS (SELECT FROM payments_statement s WHERE s.account_id = a.id AND s.month = p_month)
    ON CONFLICT (account_id, month) DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
END $$;
"""
CLOSE_BACK = """
DROP FUNCTION ledger_make_statements(date, bigint, int);
DROP TRIGGER append_only ON payments_statement;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0092_settling")]

    operations = [
        migrations.CreateModel(
            name="Statement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(help_text="Its first day.")),
                ("opening", models.BigIntegerField()),
                ("money_in", models.BigIntegerField()),
                ("money_out", models.BigIntegerField()),
                ("closing", models.BigIntegerField()),
                ("first_seq", models.BigIntegerField()),
                (
                    "last_seq",
                    models.BigIntegerField(
                        help_text="One less than `first_seq` for a month without an entry."
                    ),
                ),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name="statement",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statements",
                to="payments.account",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(fields=("account", "month"), name="payments_statement_once"),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(("month__day", 1)), name="payments_statement_month"
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "closing",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("opening"), "+", models.F("money_in")
                            ),
                            "-",
                            models.F("money_out"),
                        ),
                    ),
                    ("money_in__gte", 0),
                    ("money_out__gte", 0),
                ),
                name="payments_statement_sum",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "last_seq__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("first_seq"), "-", models.Value(1)
                        ),
                    )
                ),
                name="payments_statement_range",
            ),
        ),
        migrations.RunSQL(CLOSE, CLOSE_BACK),
    ]
