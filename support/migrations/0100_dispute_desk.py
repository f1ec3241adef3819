"""The desk's queues, rights and cases for disputes, reported payments and settlement files."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0083_stuffing_wave_guards"),
        ("support", "0096_stuffing_cases"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="case",
            options={
                "default_permissions": (),
                "permissions": [
                    ("use_desk", "Find customers and see their page"),
                    ("work_cases", "Open, take and close cases; write notes"),
                    ("reveal", "See masked personal data, for a reason"),
                    ("send_letter", "Write to one customer"),
                    ("suspend_customer", "Suspend one customer, end their sessions"),
                    ("ask_for_approval", "Ask to lift a suspension"),
                    ("approve", "Approve lifting a suspension, releasing a switch"),
                    ("pull_switch", "Stop a capability for everybody"),
                    ("ask_release", "Ask to release a switch"),
                    ("make_cohort", "Build cohorts and freeze their lists"),
                    ("ask_mass", "Ask for, pause and resume a mass suspension"),
                    ("approve_mass", "Approve a mass suspension or its undoing"),
                    ("ask_access", "Ask for more rights for some hours"),
                    ("approve_access", "Approve more rights for some hours"),
                    ("ask_recovery", "Start a recovery of access, refuse or end it"),
                    ("approve_recovery", "Approve a recovery of access"),
                    ("see_books", "Read the books, merchants and settlements"),
                    ("replay_webhook", "Send a merchant's webhook again"),
                    ("ask_dispute", "Ask to contest a dispute or to give it up"),
                    ("approve_dispute", "Approve the answer to a dispute"),
                    ("see_settlement", "See settlement files and their differences"),
                    ("reconcile", "Fetch settlement files, resolve differences"),
                    ("approve_booking", "Approve booking a difference to suspense"),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="case",
            name="case_queue",
        ),
        migrations.AlterField(
            model_name="case",
            name="queue",
            field=models.TextField(
                choices=[
                    ("undo_link_used", "Undo link used"),
                    ("sign_in_reported", "Sign-in reported as not theirs"),
                    ("locked", "Locked by the customer without signing in"),
                    ("recovery", "Access lost: recovery asked for or stopped"),
                    ("appeal", "Appeals"),
                    ("bounced_notice", "Bounced security notices"),
                    ("top_up_dispute", "Disputed top-ups"),
                    ("risk", "Refused as unusual"),
                    ("claim", "Money owed to a closed wallet's customer"),
                    ("stuffing", "Waves of guessed passwords"),
                    ("payment_report", "Payments reported as not theirs"),
                    ("settlement", "Settlement files and books"),
                    ("other", "Other"),
                ]
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "queue__in",
                        [
                            "undo_link_used",
                            "recovery",
                            "sign_in_reported",
                            "locked",
                            "appeal",
                            "bounced_notice",
                            "top_up_dispute",
                            "risk",
                            "claim",
                            "stuffing",
                            "payment_report",
                            "settlement",
                            "other",
                        ],
                    )
                ),
                name="case_queue",
            ),
        ),
    ]
