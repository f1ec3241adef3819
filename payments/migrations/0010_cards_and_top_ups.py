"""The tables of linked cards, of linkings, of top-ups and of the webhooks that were taken."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import wallet_site.crypto


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0005_store_payments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Card",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("processor", models.CharField(max_length=16)),
                ("token", models.CharField(max_length=64)),
                ("brand", models.CharField(max_length=16)),
                ("last_four", models.CharField(max_length=4)),
                ("expiry_month", models.PositiveSmallIntegerField()),
                ("expiry_year", models.PositiveSmallIntegerField()),
                ("country", models.CharField(blank=True, max_length=2)),
                ("fingerprint", models.CharField(max_length=64)),
                (
                    "three_d_secure",
                    models.CharField(
                        help_text="the processor's word for the result at linking", max_length=32
                    ),
                ),
                (
                    "owner_match",
                    models.CharField(
                        choices=[("same", "The same name"), ("incomparable", "Written in different scripts")],
                        max_length=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("live", "Linked"), ("blocked", "Blocked"), ("removed", "Removed")],
                        default="live",
                        max_length=8,
                    ),
                ),
                ("linked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_why",
                    models.CharField(blank=True, help_text="removed, disputed, takeover ...", max_length=24),
                ),
                ("forgotten_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cards",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["fingerprint"], name="payments_card_fingerprint"),
                    models.Index(
                        condition=models.Q(
                            models.Q(("state", "live"), _negated=True), ("forgotten_at__isnull", True)
                        ),
                        fields=["id"],
                        name="payments_card_to_forget",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("processor", "token"), name="payments_card_token"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "live")),
                        fields=("user", "fingerprint"),
                        name="payments_card_once_live",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["live", "blocked", "removed"])),
                        name="payments_card_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "live")),
                            models.Q(models.Q(("state", "live"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="payments_card_ended",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_four__regex", "^[0-9]{4}$")), name="payments_card_last_four"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expiry_month__gte", 1), ("expiry_month__lte", 12), ("expiry_year__gte", 2000)
                        ),
                        name="payments_card_expiry",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CardLinking",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("processor", models.CharField(max_length=16)),
                ("reference", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("started", "Waiting for the card page"),
                            ("authenticated", "Confirmed by the card's issuer"),
                            ("linked", "Linked"),
                            ("failed", "Failed"),
                            ("abandoned", "Not finished"),
                        ],
                        default="started",
                        max_length=13,
                    ),
                ),
                ("failure_reason", models.CharField(blank=True, max_length=40)),
                ("network", models.GenericIPAddressField(null=True)),
                ("device", models.CharField(blank=True, max_length=80)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "card",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="linking",
                        to="payments.card",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="card_linkings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["started", "authenticated"])),
                        fields=["expires_at"],
                        name="payments_linking_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["started", "authenticated", "linked", "failed", "abandoned"])
                        ),
                        name="payments_linking_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("card__isnull", False), ("state", "linked")),
                            models.Q(models.Q(("state", "linked"), _negated=True), ("card__isnull", True)),
                            _connector="OR",
                        ),
                        name="payments_linking_card",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), models.Q(("failure_reason", ""), _negated=True)),
                            models.Q(models.Q(("state", "failed"), _negated=True), ("failure_reason", "")),
                            _connector="OR",
                        ),
                        name="payments_linking_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["started", "authenticated"])),
                            models.Q(
                                ("ended_at__isnull", False), ("state__in", ["linked", "failed", "abandoned"])
                            ),
                            _connector="OR",
                        ),
                        name="payments_linking_ended",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProcessorCustomer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("processor", models.CharField(max_length=16)),
                ("reference", models.CharField(max_length=64)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="processor_customers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "processor"), name="payments_processorcustomer_once"
                    ),
                    models.UniqueConstraint(
                        fields=("processor", "reference"), name="payments_processorcustomer_reference"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="ProcessorEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("processor", models.CharField(max_length=16)),
                ("event_id", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=64)),
                ("taken_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("processor", "event_id"), name="payments_processorevent_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TopUp",
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
                ("request_key", models.CharField(max_length=255)),
                ("request_fingerprint", models.BinaryField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "Begun"),
                            ("needs_action", "Waiting for your bank's confirmation"),
                            ("processing", "Being charged"),
                            ("unknown", "Being checked"),
                            ("succeeded", "Done"),
                            ("failed", "Not charged"),
                            ("refunded", "Given back"),
                            ("disputed", "Charged back"),
                        ],
                        default="created",
                        max_length=12,
                    ),
                ),
                ("failure_reason", models.CharField(blank=True, max_length=40)),
                ("processor_reference", models.CharField(blank=True, max_length=64)),
                ("action_url", wallet_site.crypto.EncryptedTextField(null=True)),
                ("refund_reference", models.CharField(blank=True, max_length=64)),
                ("network", models.GenericIPAddressField(null=True)),
                ("device", models.CharField(blank=True, max_length=80)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="Set by the database with every new state.",
                    ),
                ),
                ("check_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("checks", models.PositiveIntegerField(default=0)),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_ups",
                        to="payments.card",
                    ),
                ),
                (
                    "journal",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_up",
                        to="payments.journal",
                    ),
                ),
                (
                    "reversal",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_top_up",
                        to="payments.journal",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_ups",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("user"),
                        models.OrderBy(models.F("created_at"), descending=True),
                        name="payments_topup_by_user",
                    ),
                    models.Index(
                        models.F("card"),
                        models.OrderBy(models.F("created_at"), descending=True),
                        name="payments_topup_by_card",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state__in", ["created", "needs_action", "processing", "unknown"])
                        ),
                        fields=["check_at"],
                        name="payments_topup_open",
                    ),
                    models.Index(
                        condition=models.Q(("refund_reference", ""), ("state", "refunded")),
                        fields=["check_at"],
                        name="payments_topup_refund_owed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "request_key"), name="payments_topup_request"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="payments_topup_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="payments_topup_currency"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "created",
                                    "needs_action",
                                    "processing",
                                    "unknown",
                                    "succeeded",
                                    "failed",
                                    "refunded",
                                    "disputed",
                                ],
                            )
                        ),
                        name="payments_topup_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("journal__isnull", False),
                                ("state__in", ["succeeded", "refunded", "disputed"]),
                            ),
                            models.Q(
                                models.Q(("state__in", ["succeeded", "refunded", "disputed"]), _negated=True),
                                ("journal__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_topup_journal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reversal__isnull", False), ("state__in", ["refunded", "disputed"])),
                            models.Q(
                                models.Q(("state__in", ["refunded", "disputed"]), _negated=True),
                                ("reversal__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_topup_reversal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), models.Q(("failure_reason", ""), _negated=True)),
                            models.Q(models.Q(("state", "failed"), _negated=True), ("failure_reason", "")),
                            _connector="OR",
                        ),
                        name="payments_topup_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "needs_action"), _negated=True),
                            ("action_url__isnull", False),
                            _connector="OR",
                        ),
                        name="payments_topup_action",
                    ),
                ],
            },
        ),
    ]
