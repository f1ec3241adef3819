"""What merchants are to be paid out has an account of its own, apart from what processors owe us."""

from __future__ import annotations

from django.db import migrations, models


OWN_ACCOUNT = (
    "INSERT INTO payments_account (kind, currency, stripe) VALUES ('merchant_settlement', 'JPY', 0);"
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0082_data_exports")]

    operations = [
        migrations.RemoveConstraint(
            model_name="account",
            name="payments_account_kind",
        ),
        migrations.AlterField(
            model_name="account",
            name="kind",
            field=models.CharField(
                choices=[
                    ("wallet", "Customer wallet"),
                    ("card_clearing", "Linked-card clearing"),
                    ("processor_settlement", "Processor settlement"),
                    ("merchant_payable", "Merchant payable"),
                    ("merchant_settlement", "Merchant settlement"),
                    ("fees", "Fees"),
                    ("goodwill", "Goodwill"),
                    ("fraud_loss", "Fraud loss"),
                    ("suspense", "Suspense"),
                    ("claims_payable", "Claims payable"),
                    ("claims_settlement", "Claims paid out by bank"),
                ],
                max_length=24,
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "wallet",
                            "card_clearing",
                            "processor_settlement",
                            "merchant_payable",
                            "merchant_settlement",
                            "fees",
                            "goodwill",
                            "fraud_loss",
                            "suspense",
                            "claims_payable",
                            "claims_settlement",
                        ],
                    )
                ),
                name="payments_account_kind",
            ),
        ),
        migrations.RunSQL(OWN_ACCOUNT, migrations.RunSQL.noop),
    ]
