"""`manage.py grant_app_role`: after every migrate, give the application's role its few rights."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from wallet_site.rights import grant_to


class Command(BaseCommand):
    """Run as the owner (`KAKEHASHI_DATABASE_ROLE=owner`). A repeat changes nothing."""

    help = "Grant the application's database role exactly what each table allows it."

    def handle(self, *args: Any, **options: Any) -> None:
        role = str(settings.DATABASE_APP_ROLE)
        if not role or role == connection.settings_dict["USER"]:
            self.stdout.write("Owner and application are the same role; only the triggers guard the books.")
            return
        with transaction.atomic():
            tables = grant_to(role)
        self.stdout.write(f"{role} has its rights on {tables} tables.")
