"""Approvals of any kind: what is asked for is named by kind and subject, and may concern no customer at all."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations, models

# The guard of before reads the column that goes; 0031 brings the next one.
OLD_GUARD = """
DROP TRIGGER takes_two ON accounts_suspension;
DROP TRIGGER decided_once ON support_approval;
"""
RIGHTS = "UPDATE support_approval SET \"right\" = 'approve' WHERE \"right\" = '';"


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0021_report_cases"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(OLD_GUARD, migrations.RunSQL.noop),
        migrations.RemoveConstraint("approval", "approval_kind"),
        migrations.RemoveConstraint("approval", "approval_is_decided_by_somebody"),
        migrations.AlterField("approval", "kind", models.TextField()),
        migrations.AlterField(
            "approval",
            "state",
            models.TextField(
                choices=[
                    ("waiting", "Waiting"),
                    ("approved", "Approved"),
                    ("refused", "Refused"),
                    ("expired", "Expired"),
                ],
                default="waiting",
            ),
        ),
        migrations.AlterField(
            "approval",
            "customer",
            models.ForeignKey(
                null=True,
                on_delete=models.PROTECT,
                related_name="approvals_about",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        # The column stays, with what is in it; it only names no suspension by rule any more.
        migrations.AlterField("approval", "suspension", models.BigIntegerField(null=True)),
        migrations.RenameField("approval", "suspension", "subject_id"),
        migrations.AddField("approval", "right", models.TextField(default=""), preserve_default=False),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "approval",
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["waiting", "expired"], decided_by__isnull=True, decided_at__isnull=True
                )
                | models.Q(
                    state__in=["approved", "refused"], decided_by__isnull=False, decided_at__isnull=False
                ),
                name="approval_is_decided_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            "approval",
            models.CheckConstraint(
                condition=models.Q(kind__regex="^[a-z_]+$"), name="approval_kind_is_a_name"
            ),
        ),
        migrations.AddIndex(
            "approval", models.Index(fields=["kind", "subject_id"], name="approval_by_subject")
        ),
    ]
