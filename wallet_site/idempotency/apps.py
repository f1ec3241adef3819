from __future__ import annotations

from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "wallet_site.idempotency"
    label = "idempotency"
