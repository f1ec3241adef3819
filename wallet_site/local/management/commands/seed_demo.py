"""`manage.py seed_demo`: fictitious customers, staff, merchants and half a year of money; never in production."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from wallet_site.local.people import table
from wallet_site.local.seeding import seed


class Command(BaseCommand):
    """Makes whatever of the demo is missing and prints the people; a repeat changes nothing."""

    help = "Make the demo people with their half year of money; a repeat changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Lines for `make run` to show."""
        seed()
        self.stdout.write("\n".join(table()))
