"""`manage.py verify_audit`: is the record as it was written?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wallet_site.audit.models import AuditRow
from wallet_site.audit.recording import first_break


class Command(BaseCommand):
    """Walks every hash chain. Exits with 1 and names the first bad row when one does not hold."""

    help = "Check that no audit row was changed, removed, inserted or moved."

    def handle(self, *args: Any, **options: Any) -> None:
        found = first_break()
        if found is not None:
            row = f"row {found.row_id}" if found.row_id else "after the last row"
            raise CommandError(
                f"NOT sound: chain {found.chain}, position {found.chain_seq}, {row}: {found.reason}."
            )
        self.stdout.write(f"Sound: {AuditRow.objects.count()} rows, every chain holds.")
