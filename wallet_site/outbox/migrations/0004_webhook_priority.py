"""Messages to merchants' servers have a priority, and so a queue, of their own."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("outbox", "0003_channels_without_a_gateway"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="event",
            name="event_priority",
        ),
        migrations.AlterField(
            model_name="delivery",
            name="priority",
            field=models.TextField(
                choices=[
                    ("security", "Security"),
                    ("ordinary", "Ordinary"),
                    ("bulk", "Bulk"),
                    ("webhook", "Webhook"),
                ]
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="priority",
            field=models.TextField(
                choices=[
                    ("security", "Security"),
                    ("ordinary", "Ordinary"),
                    ("bulk", "Bulk"),
                    ("webhook", "Webhook"),
                ]
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__in", ["security", "ordinary", "bulk", "webhook"])),
                name="event_priority",
            ),
        ),
    ]
