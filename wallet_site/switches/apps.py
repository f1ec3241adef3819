from __future__ import annotations

from django.apps import AppConfig
from prometheus_client import REGISTRY


class SwitchesConfig(AppConfig):
    name = "wallet_site.switches"
    label = "switches"

    def ready(self) -> None:
        from wallet_site.switches.metrics import SwitchCollector

        REGISTRY.register(SwitchCollector())
