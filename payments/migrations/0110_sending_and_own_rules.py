"""Tables for money between customers, and for what customers set for themselves."""

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0042_staff_change_no_credentials"),
        ("payments", "0101_dispute_and_settlement_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Findability",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="findability",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("by_email", models.BooleanField(default=False)),
                ("by_phone", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name="topup",
            name="automatic",
            field=models.BooleanField(
                db_default=False, help_text="Begun by the portal, as its customer has set."
            ),
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount", models.BigIntegerField(help_text="Minor units.")),
                ("currency", models.CharField(max_length=3)),
                ("message", models.CharField(blank=True, max_length=80)),
                ("idempotency_key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField()),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "journal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfer",
                        to="payments.journal",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers_received",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers_sent",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        models.F("sender"),
                        models.F("recipient"),
                        models.OrderBy(models.F("made_at"), descending=True),
                        name="payments_transfer_pair",
                    ),
                    models.Index(
                        models.F("recipient"),
                        models.OrderBy(models.F("made_at"), descending=True),
                        name="payments_transfer_received",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("sender", "idempotency_key"), name="payments_transfer_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="payments_transfer_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sender", models.F("recipient")), _negated=True),
                        name="payments_transfer_not_to_oneself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MoneyRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("amount", models.BigIntegerField(help_text="Minor units.")),
                ("currency", models.CharField(max_length=3)),
                ("message", models.CharField(blank=True, max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("paid", "Paid"),
                            ("declined", "Declined"),
                            ("cancelled", "Taken back"),
                            ("expired", "Expired"),
                        ],
                        default="open",
                        max_length=9,
                    ),
                ),
                ("request_key", models.CharField(max_length=255)),
                ("fingerprint", models.BinaryField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "payer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests_received",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests_made",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "transfer",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="request",
                        to="payments.transfer",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        models.F("requester"),
                        models.OrderBy(models.F("created_at"), descending=True),
                        name="payments_request_made",
                    ),
                    models.Index(
                        models.F("payer"),
                        models.OrderBy(models.F("created_at"), descending=True),
                        name="payments_request_received",
                    ),
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["expires_at"],
                        name="payments_request_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("requester", "request_key"), name="payments_request_key"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="payments_request_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("requester", models.F("payer")), _negated=True),
                        name="payments_request_not_to_oneself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True), ("closed_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="payments_request_closed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["open", "paid", "declined", "cancelled", "expired"])
                        ),
                        name="payments_request_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AutoTopUp",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="auto_top_up",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("is_on", models.BooleanField(default=False)),
                ("threshold", models.BigIntegerField(help_text="Minor units; below this it tops up.")),
                ("amount", models.BigIntegerField(help_text="Minor units.")),
                ("failures", models.PositiveSmallIntegerField(default=0, help_text="In a row.")),
                (
                    "off_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("customer", "You switched it off."),
                            ("failed", "The card could not be charged."),
                            ("card", "The card cannot be used any more."),
                            ("suspended", "Topping up is stopped on your account."),
                            ("cool-off", "Your sign-in details were changed."),
                            ("risk", "It looked unusual for your wallet."),
                        ],
                        max_length=10,
                    ),
                ),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.card"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_on", True)), fields=["user"], name="payments_autotopup_on"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("threshold__gt", 0)),
                        name="payments_autotopup_amounts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_on", True), ("off_because", "")),
                            models.Q(("is_on", False), models.Q(("off_because", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="payments_autotopup_off",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "off_because__in",
                                ["", "customer", "failed", "card", "suspended", "cool-off", "risk"],
                            )
                        ),
                        name="payments_autotopup_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnLimit",
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
                            ("per-payment", "Per payment in a store"),
                            ("per-day", "Payments in stores a day"),
                            ("top-up-per-day", "Top-ups a day"),
                            ("sending-per-day", "Sending a day"),
                            ("confirm-above", "Payments without being asked"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "amount",
                    models.BigIntegerField(help_text="Minor units; null: none of their own.", null=True),
                ),
                ("next_amount", models.BigIntegerField(null=True)),
                ("next_at", models.DateTimeField(help_text="From when on `next_amount` counts.", null=True)),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="own_limits",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "kind"), name="payments_ownlimit_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "per-payment",
                                    "per-day",
                                    "top-up-per-day",
                                    "sending-per-day",
                                    "confirm-above",
                                ],
                            )
                        ),
                        name="payments_ownlimit_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__isnull", True), ("amount__gte", 0), _connector="OR"),
                            models.Q(("next_amount__isnull", True), ("next_amount__gte", 0), _connector="OR"),
                        ),
                        name="payments_ownlimit_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, unique=True
                    ),
                ),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("email", "by e-mail address"),
                            ("phone", "by phone number"),
                            ("request", "by a request"),
                            ("received", "by money received"),
                        ],
                        max_length=8,
                    ),
                ),
                ("found_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payees",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "person"), name="payments_payee_once"),
                    models.CheckConstraint(
                        condition=models.Q(("owner", models.F("person")), _negated=True),
                        name="payments_payee_not_oneself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("how__in", ["email", "phone", "request", "received"])),
                        name="payments_payee_how",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentConfirmation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("confirmed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment_confirmations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.store",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("used_at", None)),
                        fields=["customer"],
                        name="payments_confirmation_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RequestBlock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "blocked",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="request_blocks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "blocked"), name="payments_requestblock_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SendingWindow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "wallet_id",
                        "kind",
                        "begins",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.CharField(choices=[("day", "Day"), ("month", "Month")], max_length=5)),
                ("begins", models.DateField()),
                ("sent", models.BigIntegerField()),
                ("cap", models.BigIntegerField()),
                (
                    "wallet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sending_windows",
                        to="payments.account",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sent__gte", 0), ("sent__lte", models.F("cap"))),
                        name="payments_sendingwindow_cap",
                    )
                ],
            },
        ),
    ]
