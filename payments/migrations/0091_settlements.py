"""Settlements, what they cover, the merchants' fee, and keys for the merchants' own programs."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0090_merchant_settlement_account")]

    operations = [
        migrations.CreateModel(
            name="MerchantKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("key_id", models.CharField(max_length=40, unique=True)),
                ("api_key_digest", models.BinaryField()),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "merchant key",
                "verbose_name_plural": "merchant keys",
            },
        ),
        migrations.CreateModel(
            name="SettledRange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_seq", models.BigIntegerField()),
                ("last_seq", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Settlement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("day", models.DateField(help_text="In Tokyo.")),
                ("currency", models.CharField(max_length=3)),
                ("payments", models.BigIntegerField()),
                ("payment_count", models.IntegerField()),
                ("refunds", models.BigIntegerField()),
                ("refund_count", models.IntegerField()),
                ("corrections", models.BigIntegerField()),
                (
                    "fee_basis_points",
                    models.IntegerField(help_text="The rate that held when the day was settled."),
                ),
                ("fee", models.BigIntegerField()),
                (
                    "payout",
                    models.BigIntegerField(help_text="Below zero: the merchant gave back more than it took."),
                ),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name="merchant",
            name="fee_basis_points",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Hundredths of a per cent of payments less refunds, rounded down once a day.",
                verbose_name="fee in basis points",
            ),
        ),
        migrations.AddConstraint(
            model_name="merchant",
            constraint=models.CheckConstraint(
                condition=models.Q(("fee_basis_points__lte", 10000)), name="payments_merchant_fee"
            ),
        ),
        migrations.AddField(
            model_name="merchantkey",
            name="merchant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="keys", to="payments.merchant"
            ),
        ),
        migrations.AddField(
            model_name="settledrange",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.account",
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="journal",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="settlement",
                to="payments.journal",
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="settlements",
                to="payments.merchant",
            ),
        ),
        migrations.AddField(
            model_name="settledrange",
            name="settlement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="ranges", to="payments.settlement"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(
                fields=("merchant", "day", "currency"), name="payments_settlement_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("payment_count__gte", 0),
                    ("payments__gte", 0),
                    ("refund_count__gte", 0),
                    ("refunds__gte", 0),
                ),
                name="payments_settlement_sizes",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "payout",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("payments"), "-", models.F("refunds")
                                ),
                                "+",
                                models.F("corrections"),
                            ),
                            "-",
                            models.F("fee"),
                        ),
                    )
                ),
                name="payments_settlement_payout",
            ),
        ),
        migrations.AddConstraint(
            model_name="settledrange",
            constraint=models.UniqueConstraint(fields=("account", "first_seq"), name="payments_range_once"),
        ),
        migrations.AddConstraint(
            model_name="settledrange",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_seq__gte", models.F("first_seq"))), name="payments_range_order"
            ),
        ),
    ]
