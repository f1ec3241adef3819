"""The desk's roles as groups with their permissions."""

from __future__ import annotations

from django.db import migrations

PERMISSIONS = {
    "use_desk": "Find customers and see their page",
    "suspend_customer": "Suspend customers, end their sessions",
    "ask_for_approval": "Ask for something that takes two",
    "approve": "Approve what another has asked for",
    "send_letter": "Write to customers",
    "reveal": "See masked personal data",
}
ROLES = {
    "agent": ["use_desk", "suspend_customer", "ask_for_approval", "send_letter", "reveal"],
    "supervisor": list(PERMISSIONS),
}


def make_roles(apps, _schema_editor):
    content_type, _made = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="support", model="case"
    )
    permission = apps.get_model("auth", "Permission").objects
    made = {
        codename: permission.get_or_create(
            codename=codename, content_type=content_type, defaults={"name": name}
        )[0]
        for codename, name in PERMISSIONS.items()
    }
    for name, codenames in ROLES.items():
        group, _made = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.set([made[codename] for codename in codenames])


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0003_search"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
