"""Six roles, each with no more than its work needs."""

from __future__ import annotations

from django.db import migrations

ROLES = ("agent", "supervisor", "fraud_analyst", "finance", "communications", "auditor")
RIGHTS = {
    "use_desk": ("Find customers and see their page", "x x x x x x"),
    "work_cases": ("Open, take and close cases; write notes", "x x x x . ."),
    "reveal": ("See masked personal data, for a reason", "x x x x . ."),
    "send_letter": ("Write to one customer", "x x . . x ."),
    "suspend_customer": ("Suspend one customer, end their sessions", "x x x . . ."),
    "ask_for_approval": ("Ask to lift a suspension", "x x x . . ."),
    "approve": ("Approve lifting a suspension, releasing a switch", ". x . . . ."),
    "pull_switch": ("Stop a capability for everybody", "x x x x . ."),
    "ask_release": ("Ask to release a switch", ". x x x . ."),
    "make_cohort": ("Build cohorts and freeze their lists", ". x x . . ."),
    "ask_mass": ("Ask for, pause and resume a mass suspension", ". x x . . ."),
    "approve_mass": ("Approve a mass suspension or its undoing", ". x x . . ."),
    "ask_access": ("Ask for more rights for some hours", "x . x x x ."),
    "approve_access": ("Approve more rights for some hours", ". x . . . ."),
}


def make_roles(apps, _schema_editor):
    content_type, _made = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="support", model="case"
    )
    permissions, groups = (
        apps.get_model("auth", "Permission").objects,
        apps.get_model("auth", "Group").objects,
    )
    made = {
        codename: permissions.update_or_create(
            codename=codename, content_type=content_type, defaults={"name": words}
        )[0]
        for codename, (words, _signs) in RIGHTS.items()
    }
    for number, name in enumerate(ROLES):
        held = [
            made[codename] for codename, (_words, signs) in RIGHTS.items() if signs.split()[number] == "x"
        ]
        groups.get_or_create(name=name)[0].permissions.set(held)


class Migration(migrations.Migration):
    dependencies = [("support", "0043_access_guards"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
