"""Wallets that close, and what is owed to people outside of them."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0079_goodwill"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount", models.BigIntegerField(help_text="Minor units.")),
                ("currency", models.CharField(max_length=3)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("closed", "Balance of a closed wallet"),
                            ("comp", "Compensation left in a closed wallet"),
                            ("late", "Came in after the wallet was closed"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[("card", "Refund to the card"), ("desk", "Paid out by our support desk")],
                        max_length=4,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("owed", "Owed"), ("paid", "Paid")], default="owed", max_length=4
                    ),
                ),
                ("refused_because", models.CharField(blank=True, max_length=64)),
                ("payment_reference", models.CharField(blank=True, max_length=64)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("paid_at", models.DateTimeField(null=True)),
                ("check_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("checks", models.PositiveIntegerField(db_default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Closure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting to be closed"),
                            ("called_off", "Called off"),
                            ("closed", "Wallet closed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("closes_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                ("lapsed", models.BigIntegerField(default=0)),
                ("held_up_by", models.CharField(blank=True, max_length=24)),
                ("forgotten_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="payments_account_kind",
        ),
        migrations.RemoveConstraint(
            model_name="journal",
            name="payments_journal_kind",
        ),
        migrations.AddField(
            model_name="account",
            name="closed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="account",
            name="kind",
            field=models.CharField(
                choices=[
                    ("wallet", "Customer wallet"),
                    ("card_clearing", "Linked-card clearing"),
                    ("processor_settlement", "Processor settlement"),
                    ("merchant_payable", "Merchant payable"),
                    ("fees", "Fees"),
                    ("goodwill", "Goodwill"),
                    ("fraud_loss", "Fraud loss"),
                    ("suspense", "Suspense"),
                    ("claims_payable", "Claims payable"),
                    ("claims_settlement", "Claims paid out by bank"),
                ],
                max_length=24,
            ),
        ),
        migrations.AlterField(
            model_name="journal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("top_up", "Top-up"),
                    ("top_up_reversal", "Top-up returned"),
                    ("payment", "Payment"),
                    ("refund", "Refund"),
                    ("send", "Sent to a customer"),
                    ("compensation", "Compensation"),
                    ("goodwill", "Goodwill"),
                    ("fee", "Fee"),
                    ("settlement", "Settlement"),
                    ("correction", "Correction"),
                    ("closing", "Wallet closed"),
                    ("claim_paid", "Claim paid out"),
                ],
                max_length=24,
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "wallet",
                            "card_clearing",
                            "processor_settlement",
                            "merchant_payable",
                            "fees",
                            "goodwill",
                            "fraud_loss",
                            "suspense",
                            "claims_payable",
                            "claims_settlement",
                        ],
                    )
                ),
                name="payments_account_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at__isnull", True), models.Q(("held", 0), ("kind", "wallet")), _connector="OR"
                ),
                name="payments_account_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "top_up",
                            "top_up_reversal",
                            "payment",
                            "refund",
                            "send",
                            "compensation",
                            "goodwill",
                            "fee",
                            "settlement",
                            "correction",
                            "closing",
                            "claim_paid",
                        ],
                    )
                ),
                name="payments_journal_kind",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="journal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="claims", to="payments.journal"
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="paid_journal",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="paid_claim",
                to="payments.journal",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="top_up",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="claim",
                to="payments.topup",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="claims",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="closure",
            name="journal",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="closure",
                to="payments.journal",
            ),
        ),
        migrations.AddField(
            model_name="closure",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="closures",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                models.F("user"),
                models.OrderBy(models.F("id"), descending=True),
                name="payments_claim_by_user",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("state", "owed"), ("way", "card")),
                fields=["check_at"],
                name="payments_claim_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="payments_claim_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="payments_claim_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["closed", "comp", "late"])), name="payments_claim_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("way", "desk"), models.Q(("top_up__isnull", False), ("way", "card")), _connector="OR"
                ),
                name="payments_claim_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("paid_at__isnull", True),
                        ("paid_journal__isnull", True),
                        ("payment_reference", ""),
                        ("state", "owed"),
                    ),
                    models.Q(
                        ("paid_at__isnull", False),
                        ("paid_journal__isnull", False),
                        ("state", "paid"),
                        models.Q(("payment_reference", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payments_claim_paid",
            ),
        ),
        migrations.AddIndex(
            model_name="closure",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["closes_at"], name="payments_closure_due"
            ),
        ),
        migrations.AddIndex(
            model_name="closure",
            index=models.Index(
                condition=models.Q(("forgotten_at__isnull", True), ("state", "closed")),
                fields=["ended_at"],
                name="payments_closure_to_forget",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "closed"])),
                fields=("user",),
                name="payments_closure_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "called_off", "closed"])),
                name="payments_closure_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "waiting")),
                    models.Q(models.Q(("state", "waiting"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="payments_closure_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "closed"),
                    models.Q(("forgotten_at__isnull", True), ("journal__isnull", True), ("lapsed", 0)),
                    _connector="OR",
                ),
                name="payments_closure_journal",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(("lapsed__gte", 0)), name="payments_closure_lapsed"
            ),
        ),
    ]
