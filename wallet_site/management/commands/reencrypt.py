"""`manage.py reencrypt`: after a new key of FIELD_ENCRYPTION_KEYS, before the old one is taken out."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError

from wallet_site.reencryption import encrypted_columns, reencrypt


class Command(BaseCommand):
    """Run as the owner (`KAKEHASHI_DATABASE_ROLE=owner`), with every process restarted under both keys. Repeatable."""

    help = "Encrypt every stored secret under the newest key."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        for model, columns in encrypted_columns().items():
            name = model._meta.db_table
            try:
                renewed = reencrypt(model, columns)
            except InvalidToken as place:
                raise CommandError(
                    f"No key of FIELD_ENCRYPTION_KEYS opens {place}: put the earlier one back, or see who wrote it."
                ) from None
            except ProgrammingError as error:
                raise CommandError(f"{name}: {error} Set KAKEHASHI_DATABASE_ROLE=owner.") from None
            total += renewed
            self.stdout.write(f"{name}: {renewed} values under the newest key.")
        self.stdout.write(f"Done: {total} values. Earlier keys are needed no longer.")
