"""Find a top-up by the processor's reference of its charge: a dispute at Stripe names nothing else."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0031_spending_risk")]

    operations = [
        migrations.AddIndex(
            model_name="topup",
            index=models.Index(
                condition=models.Q(("processor_reference", ""), _negated=True),
                fields=["processor_reference"],
                name="payments_topup_reference",
            ),
        ),
    ]
