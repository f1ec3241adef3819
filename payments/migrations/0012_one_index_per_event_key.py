"""An event key needs one index, not two: each posting writes one row less into an index."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0011_card_and_top_up_guards")]

    operations = [
        migrations.AlterField(
            model_name="journal",
            name="event_key",
            field=models.CharField(
                help_text="Names the event: a second posting is a repeat.", max_length=120
            ),
        ),
        migrations.AddConstraint(
            model_name="journal",
            constraint=models.UniqueConstraint(fields=("event_key",), name="payments_journal_event_once"),
        ),
        migrations.AlterField(model_name="hold", name="event_key", field=models.CharField(max_length=120)),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(fields=("event_key",), name="payments_hold_event_once"),
        ),
    ]
