import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import wallet_site.crypto


class Migration(migrations.Migration):
    dependencies = [("accounts", "0042_staff_change_no_credentials")]

    operations = [
        migrations.CreateModel(
            name="PushToken",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="push_token",
                        serialize=False,
                        to="accounts.apidevice",
                    ),
                ),
                (
                    "provider",
                    models.TextField(
                        choices=[
                            ("apns", "Apple Push Notification service"),
                            ("fcm", "Firebase Cloud Messaging"),
                        ]
                    ),
                ),
                ("token", wallet_site.crypto.EncryptedTextField()),
                ("token_digest", models.BinaryField(unique=True)),
                (
                    "registered_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("provider__in", ["apns", "fcm"])), name="push_provider"
                    )
                ]
            },
        ),
    ]
