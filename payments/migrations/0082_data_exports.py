"""Copies of one's own data, encrypted, for a short while."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
import wallet_site.crypto
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0081_closure_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DataExport",
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
                        choices=[("asked", "Being put together"), ("ready", "Ready")],
                        default="asked",
                        max_length=5,
                    ),
                ),
                ("archive", wallet_site.crypto.EncryptedTextField(null=True)),
                ("size_bytes", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ready_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("downloads", models.PositiveSmallIntegerField(default=0)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="data_export",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["expires_at"], name="payments_export_expiry"),
                    models.Index(
                        condition=models.Q(("state", "asked")),
                        fields=["asked_at"],
                        name="payments_export_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("archive__isnull", True), ("ready_at__isnull", True), ("state", "asked")
                            ),
                            models.Q(
                                ("archive__isnull", False), ("ready_at__isnull", False), ("state", "ready")
                            ),
                            _connector="OR",
                        ),
                        name="payments_export_state",
                    )
                ],
            },
        ),
    ]
