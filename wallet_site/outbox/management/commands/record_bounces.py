"""Reads a returned mail (RFC 3464) from standard input and marks the notice as bounced; for a mail server's pipe.

kakehashi-bounces: "|/srv/kakehashi/manage.py record_bounces"
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from wallet_site.outbox.bounces import record_bounces


class Command(BaseCommand):
    """`manage.py record_bounces < returned.eml`. Always succeeds: a report that is none of ours is nobody's error."""

    help = "Mark the notices that a returned mail (RFC 3464, on standard input) names as bounced."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Says how many were marked."""
        marked = record_bounces(sys.stdin.buffer.read())
        self.stdout.write(f"{marked} marked as bounced")
