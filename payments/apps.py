from __future__ import annotations

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Money: the books, cards, top-ups, payments."""

    name = "payments"

    def ready(self) -> None:
        from payments import checks, notices  # noqa: F401  (they register themselves by being imported)
