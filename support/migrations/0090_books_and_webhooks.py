"""Finance and auditors read the books; finance sends a merchant's webhook again."""

from __future__ import annotations

from django.db import migrations


RIGHTS = {
    "see_books": ("Read the books, merchants and settlements", ("finance", "auditor")),
    "replay_webhook": ("Send a merchant's webhook again", ("finance",)),
}


def give_rights(apps, _schema_editor):
    content_type, _made = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="support", model="case"
    )
    permissions, groups = (
        apps.get_model("auth", "Permission").objects,
        apps.get_model("auth", "Group").objects,
    )
    for codename, (words, roles) in RIGHTS.items():
        made, _new = permissions.update_or_create(
            codename=codename, content_type=content_type, defaults={"name": words}
        )
        for role in roles:
            groups.get(name=role).permissions.add(made)


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0080_claim_cases"),
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
                ],
            },
        ),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]
