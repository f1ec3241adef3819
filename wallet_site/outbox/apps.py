from __future__ import annotations

from django.apps import AppConfig
from prometheus_client import REGISTRY


class OutboxConfig(AppConfig):
    name = "wallet_site.outbox"
    label = "outbox"

    def ready(self) -> None:
        from wallet_site.outbox.metrics import OutboxCollector

        REGISTRY.register(OutboxCollector())
