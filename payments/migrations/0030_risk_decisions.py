"""Each decision about a movement's risk is kept with the facts it was made of, for good."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

GUARD = """
CREATE FUNCTION payments_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'KK204';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_riskdecision
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_rewrite();
"""
GUARD_BACK = """
DROP TRIGGER append_only ON payments_riskdecision;
DROP FUNCTION payments_refuse_rewrite();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0013_authorizations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RiskDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("link_card", "Linking a card"),
                            ("top_up", "Topping up"),
                            ("spend", "Paying in a store"),
                            ("send", "Sending money"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("allow", "Allowed"),
                            ("step_up", "Second factor asked"),
                            ("delay", "Put off"),
                            ("deny", "Refused"),
                        ],
                        max_length=8,
                    ),
                ),
                ("went_on", models.BooleanField()),
                ("findings", models.JSONField(help_text="[{rule, outcome, wait_seconds}]")),
                ("facts", models.JSONField()),
                ("amount", models.BigIntegerField(help_text="Minor units; 0 where nothing is moved.")),
                ("subject_type", models.CharField(blank=True, max_length=40)),
                ("subject_id", models.CharField(blank=True, max_length=64)),
                ("network", models.GenericIPAddressField(null=True)),
                ("device", models.CharField(blank=True, max_length=80)),
                ("made_at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="cardlinking",
            index=models.Index(
                models.F("network"),
                models.OrderBy(models.F("started_at"), descending=True),
                name="payments_linking_by_network",
            ),
        ),
        migrations.AddField(
            model_name="riskdecision",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=models.PROTECT,
                related_name="risk_decisions",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="riskdecision",
            index=models.Index(
                models.F("user"),
                models.F("action"),
                models.OrderBy(models.F("made_at"), descending=True),
                name="payments_risk_by_user",
            ),
        ),
        migrations.AddIndex(
            model_name="riskdecision",
            index=models.Index(
                models.OrderBy(models.F("made_at"), descending=True), name="payments_risk_by_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="riskdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("action__in", ["link_card", "top_up", "spend", "send"])),
                name="payments_riskdecision_action",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["allow", "step_up", "delay", "deny"])),
                name="payments_riskdecision_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "allow"), ("went_on", True)),
                    ("outcome", "step_up"),
                    models.Q(("outcome__in", ["delay", "deny"]), ("went_on", False)),
                    _connector="OR",
                ),
                name="payments_riskdecision_went_on",
            ),
        ),
        migrations.RunSQL(GUARD, GUARD_BACK),
    ]
