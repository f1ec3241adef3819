import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0061_push_targets")]

    operations = [
        migrations.CreateModel(
            name="NoticePreference",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="notice_preference",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("receipts_by_email", models.BooleanField(default=True)),
                ("receipts_by_push", models.BooleanField(default=True)),
                ("email_from_minor", models.PositiveIntegerField(default=3000)),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email_from_minor__lte", 100000)),
                        name="receipts_are_mailed_at_last",
                    )
                ]
            },
        ),
    ]
