"""`manage.py verify_books`: sound, or the first wrong row and exit code 1."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.verification import verify_books


class Command(BaseCommand):
    """Reads everything once, in one snapshot. Changes nothing."""

    help = "Prove that the books are sound, or name the first wrong row."

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify_books()
        looked_at = f"{found.journals} journals, {found.entries} entries, {found.accounts} accounts"
        if found.fault is not None:
            fault = found.fault
            raise CommandError(
                f"The books are wrong at {fault.row}: {fault.detail}. Rule: {fault.rule}. ({looked_at})"
            )
        self.stdout.write(self.style.SUCCESS(f"The books are sound: {looked_at}."))
