"""Disputes with our answers to them, what customers report, settlement files and where they and the books differ."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0094_webhook_endpoints"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("processor", models.CharField(max_length=16)),
                ("reference", models.CharField(help_text="the processor's", max_length=64)),
                (
                    "amount",
                    models.BigIntegerField(help_text="Minor units that the processor took back from us."),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "from_wallet",
                    models.BigIntegerField(help_text="Minor units of it that the wallet still had."),
                ),
                ("reason", models.CharField(blank=True, help_text="the processor's word", max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("needs_response", "Waiting for our answer"),
                            ("under_review", "Being decided by the bank"),
                            ("won", "Decided for us"),
                            ("lost", "Decided for the card's holder"),
                        ],
                        default="needs_response",
                        max_length=14,
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "customer_said",
                    models.CharField(
                        blank=True,
                        choices=[("", "nothing yet"), ("me", "It was me"), ("not_me", "It was not me")],
                        default="",
                        max_length=6,
                    ),
                ),
                ("customer_text", models.TextField(blank=True)),
                ("customer_said_at", models.DateTimeField(null=True)),
                (
                    "closing",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="closed_dispute",
                        to="payments.journal",
                    ),
                ),
                (
                    "opening",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="opened_dispute",
                        to="payments.journal",
                    ),
                ),
                (
                    "top_up",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispute",
                        to="payments.topup",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["needs_response", "under_review"])),
                        fields=["due_at"],
                        name="payments_dispute_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("processor", "reference"), name="payments_dispute_reference"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["needs_response", "under_review", "won", "lost"])),
                        name="payments_dispute_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="payments_dispute_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_wallet__gte", 0), ("from_wallet__lte", models.F("amount"))),
                        name="payments_dispute_from_wallet",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_at__isnull", True),
                                ("closing__isnull", True),
                                ("state__in", ["needs_response", "under_review"]),
                            ),
                            models.Q(
                                ("closed_at__isnull", False), ("closing__isnull", False), ("state", "won")
                            ),
                            models.Q(
                                ("closed_at__isnull", False), ("closing__isnull", False), ("state", "lost")
                            ),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("from_wallet", models.F("amount")),
                                ("state", "lost"),
                            ),
                            _connector="OR",
                        ),
                        name="payments_dispute_closed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("customer_said", ""), ("customer_said_at__isnull", True)),
                            models.Q(
                                ("customer_said__in", ["me", "not_me"]), ("customer_said_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="payments_dispute_said",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("evidence", "Contest it with evidence"), ("accept", "Give it up")],
                        max_length=8,
                    ),
                ),
                (
                    "evidence",
                    models.JSONField(help_text="purchase_network, access_log, text; empty for giving up"),
                ),
                (
                    "approval_id",
                    models.BigIntegerField(help_text="the request that a second person approved"),
                ),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "refused_code",
                    models.CharField(blank=True, help_text="why the processor took no answer", max_length=64),
                ),
                (
                    "dispute",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answer",
                        to="payments.dispute",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at__isnull", True)),
                        fields=["made_at"],
                        name="payments_answer_owed",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["evidence", "accept"])), name="payments_answer_kind"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("text", models.TextField(blank=True, help_text="the customer's own words")),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "journal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="payments.journal",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment_reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "journal"), name="payments_report_once")
                ]
            },
        ),
        migrations.CreateModel(
            name="SettlementFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("processor", models.CharField(max_length=16)),
                ("day", models.DateField()),
                ("digest", models.BinaryField(help_text="SHA-256 over processor, day and every line.")),
                ("line_count", models.PositiveIntegerField()),
                ("imported_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [models.Index(fields=["-day", "-id"], name="payments_settlementfile_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("processor", "digest"), name="payments_settlementfile_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SettlementLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="1, 2, ... within the file.")),
                ("processor", models.CharField(max_length=16)),
                ("line_id", models.CharField(help_text="the processor's", max_length=64)),
                ("kind", models.CharField(max_length=12)),
                (
                    "reference",
                    models.CharField(blank=True, help_text="the processor's, of the charge", max_length=64),
                ),
                ("amount", models.BigIntegerField(help_text="Minor units.")),
                ("fee", models.BigIntegerField(help_text="Minor units that the processor keeps.")),
                ("currency", models.CharField(max_length=3)),
                ("occurred_at", models.DateTimeField()),
                (
                    "file",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="payments.settlementfile",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["processor", "reference", "kind"], name="payments_line_by_reference")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("file", "number"), name="payments_settlementline_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="SettlementDifference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("missing", "Missing in the file"),
                            ("extra", "Not in the books"),
                            ("double", "Twice in the files"),
                            ("altered_amount", "Another amount"),
                            ("altered_currency", "Another currency"),
                            ("late", "Came late"),
                        ],
                        max_length=16,
                    ),
                ),
                ("processor", models.CharField(max_length=16)),
                ("movement", models.CharField(help_text="charge, refund, dispute ...", max_length=12)),
                ("reference", models.CharField(help_text="the processor's, of the charge", max_length=64)),
                ("expected", models.BigIntegerField(help_text="Minor units.", null=True)),
                ("expected_currency", models.CharField(blank=True, max_length=3)),
                ("found", models.BigIntegerField(help_text="Minor units.", null=True)),
                ("found_currency", models.CharField(blank=True, max_length=3)),
                ("found_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "resolution",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("explained", "Explained, no money posted"),
                            ("booked", "Booked to suspense"),
                        ],
                        max_length=9,
                    ),
                ),
                ("resolved_reason", models.TextField(blank=True)),
                ("resolved_at", models.DateTimeField(null=True)),
                (
                    "journal",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="difference",
                        to="payments.journal",
                    ),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "top_up",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="payments.topup",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="differences",
                        to="payments.settlementfile",
                    ),
                ),
                (
                    "line",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="difference",
                        to="payments.settlementline",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolution", "")),
                        fields=["found_at"],
                        name="payments_difference_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("processor", "kind", "movement", "reference", "line"),
                        name="payments_difference_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["missing", "extra", "double", "altered_amount", "altered_currency", "late"],
                            )
                        ),
                        name="payments_difference_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("journal__isnull", True),
                                ("resolution", ""),
                                ("resolved_at__isnull", True),
                                ("resolved_by__isnull", True),
                            ),
                            models.Q(
                                ("journal__isnull", True),
                                ("resolution", "explained"),
                                ("resolved_at__isnull", False),
                                ("resolved_by__isnull", False),
                                models.Q(("resolved_reason", ""), _negated=True),
                            ),
                            models.Q(
                                ("journal__isnull", False),
                                ("resolution", "booked"),
                                ("resolved_at__isnull", False),
                                ("resolved_by__isnull", False),
                                models.Q(("resolved_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_difference_resolved",
                    ),
                ],
            },
        ),
    ]
