"""The tables of the books, of the stores and of what stores take."""

import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import wallet_site.crypto


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Merchant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "joined_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "verbose_name": "merchant",
                "verbose_name_plural": "merchants",
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("wallet", "Customer wallet"),
                            ("card_clearing", "Linked-card clearing"),
                            ("processor_settlement", "Processor settlement"),
                            ("merchant_payable", "Merchant payable"),
                            ("fees", "Fees"),
                            ("goodwill", "Goodwill"),
                            ("fraud_loss", "Fraud loss"),
                            ("suspense", "Suspense"),
                        ],
                        max_length=24,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("stripe", models.SmallIntegerField(db_default=0)),
                (
                    "balance",
                    models.BigIntegerField(
                        db_default=0, help_text="Minor units; the balance after entry number `seq`."
                    ),
                ),
                ("held", models.BigIntegerField(db_default=0, help_text="Minor units that open holds keep.")),
                (
                    "floor",
                    models.BigIntegerField(
                        help_text="`balance` less `held` never falls below this; null: no floor.", null=True
                    ),
                ),
                ("seq", models.BigIntegerField(db_default=0, help_text="Number of entries so far.")),
                ("spend_frozen_until", models.DateTimeField(null=True)),
                ("send_frozen_until", models.DateTimeField(null=True)),
                ("topup_frozen_until", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger_accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "merchant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger_accounts",
                        to="payments.merchant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "currency", "stripe", "owner", "merchant"),
                        name="payments_account_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "wallet",
                                    "card_clearing",
                                    "processor_settlement",
                                    "merchant_payable",
                                    "fees",
                                    "goodwill",
                                    "fraud_loss",
                                    "suspense",
                                ],
                            )
                        ),
                        name="payments_account_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="payments_account_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("floor__isnull", True),
                            (
                                "balance__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("floor"), "+", models.F("held")
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="payments_account_floor",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("held__gte", 0)), name="payments_account_held"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "wallet"), _negated=True),
                            models.Q(("floor__gte", 0), ("owner__isnull", False)),
                            _connector="OR",
                        ),
                        name="payments_account_wallet",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "merchant_payable"), ("merchant__isnull", False)),
                            models.Q(
                                ("merchant__isnull", True),
                                models.Q(("kind", "merchant_payable"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_account_merchant",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Journal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "event_key",
                    models.CharField(
                        help_text="Names the event: a second posting is a repeat.",
                        max_length=120,
                        unique=True,
                    ),
                ),
                (
                    "fingerprint",
                    models.BinaryField(
                        help_text="SHA-256 of what was asked; tells a repeat from another request."
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("top_up", "Top-up"),
                            ("top_up_reversal", "Top-up returned"),
                            ("payment", "Payment"),
                            ("refund", "Refund"),
                            ("send", "Sent to a customer"),
                            ("compensation", "Compensation"),
                            ("goodwill", "Goodwill"),
                            ("fee", "Fee"),
                            ("settlement", "Settlement"),
                            ("correction", "Correction"),
                        ],
                        max_length=24,
                    ),
                ),
                ("reference", models.CharField(max_length=120)),
                ("legs", models.SmallIntegerField()),
                (
                    "occurred_at",
                    models.DateTimeField(help_text="When it happened; may lie before `posted_at`."),
                ),
                (
                    "posted_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("actor", models.JSONField()),
                (
                    "reversal_of",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="payments.journal",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "top_up",
                                    "top_up_reversal",
                                    "payment",
                                    "refund",
                                    "send",
                                    "compensation",
                                    "goodwill",
                                    "fee",
                                    "settlement",
                                    "correction",
                                ],
                            )
                        ),
                        name="payments_journal_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("legs__gte", 2)), name="payments_journal_legs"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("event_key", ""), _negated=True),
                        name="payments_journal_event_key",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event_key", models.CharField(max_length=120, unique=True)),
                ("reference", models.CharField(max_length=120)),
                ("amount", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Held"),
                            ("captured", "Taken"),
                            ("released", "Released"),
                            ("expired", "Expired"),
                        ],
                        db_default="open",
                        max_length=10,
                    ),
                ),
                ("placed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("captured", models.BigIntegerField(db_default=0)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="payments.account",
                    ),
                ),
                (
                    "journal",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="payments.journal",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")), fields=["account"], name="payments_hold_open"
                    ),
                    models.Index(
                        condition=models.Q(("state", "open")), fields=["expires_at"], name="payments_hold_due"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="payments_hold_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("captured__gte", 0), ("captured__lte", models.F("amount"))),
                        name="payments_hold_captured",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("captured__gt", 0),
                                ("closed_at__isnull", False),
                                ("journal__isnull", False),
                                ("state", "captured"),
                            ),
                            models.Q(
                                ("captured", 0),
                                ("closed_at__isnull", False),
                                ("journal__isnull", True),
                                ("state__in", ["released", "expired"]),
                            ),
                            models.Q(
                                ("captured", 0),
                                ("closed_at__isnull", True),
                                ("journal__isnull", True),
                                ("state", "open"),
                            ),
                            _connector="OR",
                        ),
                        name="payments_hold_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "account_seq",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("account_seq", models.BigIntegerField()),
                ("leg", models.SmallIntegerField(help_text="1, 2, ... within the journal.")),
                ("amount", models.BigIntegerField(help_text="Minor units, never zero.")),
                ("balance_after", models.BigIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="payments.account",
                    ),
                ),
                (
                    "journal",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="payments.journal",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("journal", "leg"), name="payments_entry_leg"),
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="payments_entry_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("leg__gte", 1)), name="payments_entry_leg_number"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="OneTimeCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.BinaryField(unique=True)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="one_time_codes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at__isnull", True), ("used_at__isnull", True)),
                        fields=("customer",),
                        name="payments_one_live_code",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="SpendingDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "wallet_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("spent", models.BigIntegerField()),
                ("cap", models.BigIntegerField()),
                (
                    "wallet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="spending_days",
                        to="payments.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("spent__gte", 0), ("spent__lte", models.F("cap"))),
                        name="payments_spending_cap",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Store",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("place", models.CharField(blank=True, max_length=120, verbose_name="place")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "merchant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stores",
                        to="payments.merchant",
                    ),
                ),
            ],
            options={
                "verbose_name": "store",
                "verbose_name_plural": "stores",
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("reference", models.CharField(max_length=64)),
                ("idempotency_key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField()),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("authorized", "Authorized"),
                            ("captured", "Paid"),
                            ("cancelled", "Cancelled"),
                            ("declined", "Declined"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "decline_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("code-unknown", "The code is not valid. Please ask for a new one."),
                            ("code-expired", "The code is too old. Please ask for a new one."),
                            ("code-used", "The code was used already. Please ask for a new one."),
                            ("insufficient-funds", "The balance is not enough."),
                            ("over-limit", "The amount is above the customer's limit."),
                            ("not-possible", "The customer cannot pay at the moment."),
                            ("store-closed", "This store cannot take payments at the moment."),
                        ],
                        db_default="",
                        max_length=24,
                    ),
                ),
                ("captured", models.BigIntegerField(db_default=0)),
                ("refunded", models.BigIntegerField(db_default=0)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "code",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="payments",
                        to="payments.onetimecode",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="store_payments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "hold",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment",
                        to="payments.hold",
                    ),
                ),
                (
                    "journal",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment",
                        to="payments.journal",
                    ),
                ),
                (
                    "payable",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.account",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.account",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="payments.store",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Terminal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "key_id",
                    models.CharField(
                        help_text="Public name of the key pair, the `keyid`.", max_length=40, unique=True
                    ),
                ),
                ("api_key_digest", models.BinaryField()),
                ("signing_secret", wallet_site.crypto.EncryptedTextField()),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="terminals",
                        to="payments.store",
                    ),
                ),
            ],
            options={
                "verbose_name": "terminal",
                "verbose_name_plural": "terminals",
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("idempotency_key", models.CharField(max_length=255)),
                ("amount", models.BigIntegerField()),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "journal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refund",
                        to="payments.journal",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="payments.payment",
                    ),
                ),
                (
                    "terminal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="payments.terminal",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("terminal", "idempotency_key"), name="payments_refund_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="payments_refund_amount"
                    ),
                ]
            },
        ),
        migrations.AddField(
            model_name="payment",
            name="terminal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="payments", to="payments.terminal"
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["store", "-made_at"], name="payments_payment_by_store"),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=("terminal", "reference"), name="payments_payment_reference"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=("terminal", "idempotency_key"), name="payments_payment_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="payments_payment_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("captured__gte", 0), ("captured__lte", models.F("amount"))),
                name="payments_payment_captured",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("refunded__gte", 0), ("refunded__lte", models.F("captured"))),
                name="payments_payment_refunded",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("captured", 0),
                        ("status", "declined"),
                        models.Q(("decline_reason", ""), _negated=True),
                    ),
                    models.Q(
                        ("decline_reason", ""),
                        ("status__in", ["authorized", "captured", "cancelled"]),
                        ("wallet__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="payments_payment_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("captured__gt", 0), ("journal__isnull", False), ("status", "captured")),
                    models.Q(
                        ("captured", 0),
                        ("journal__isnull", True),
                        models.Q(("status", "captured"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payments_payment_posted",
            ),
        ),
    ]
