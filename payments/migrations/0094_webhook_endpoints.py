"""Where merchants are told what happened."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
import wallet_site.crypto
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0093_statements")]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("url", models.CharField(max_length=500)),
                ("secret", wallet_site.crypto.EncryptedTextField()),
                ("previous_secret", wallet_site.crypto.EncryptedTextField(null=True)),
                ("previous_until", models.DateTimeField(null=True)),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("failing_since", models.DateTimeField(null=True)),
                ("disabled_at", models.DateTimeField(null=True)),
                (
                    "disabled_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("gone", "It answered 410: gone"),
                            ("failing", "It failed for days"),
                            ("removed", "The merchant removed it"),
                        ],
                        db_default="",
                        max_length=10,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="merchant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="webhook_endpoints",
                to="payments.merchant",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookendpoint",
            index=models.Index(
                condition=models.Q(("disabled_at", None)), fields=["merchant"], name="payments_webhook_live"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("url__startswith", "https://")), name="payments_webhook_https"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("previous_secret__isnull", True), ("previous_until__isnull", True)),
                    models.Q(("previous_secret__isnull", False), ("previous_until__isnull", False)),
                    _connector="OR",
                ),
                name="payments_webhook_rotation",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disabled_at__isnull", True), ("disabled_because", "")),
                    models.Q(
                        ("disabled_at__isnull", False),
                        ("disabled_because__in", ["gone", "failing", "removed"]),
                    ),
                    _connector="OR",
                ),
                name="payments_webhook_disabled",
            ),
        ),
        migrations.AddField(
            model_name="merchant",
            name="hears_webhooks",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
