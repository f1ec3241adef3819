"""`manage.py demo_people`: whom a newcomer can sign in as, with the code of this moment."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from wallet_site.local.people import table


class Command(BaseCommand):
    """Prints the demo people, their password and authenticator keys."""

    help = "Print the demo people with their password and authenticator keys."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per person."""
        self.stdout.write("\n".join(table()))
