from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who somebody is, how they prove it, what they may do now."""

    name = "accounts"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from accounts import checks, notices, push_names  # noqa: F401  (they register themselves by being imported)
        from accounts.metrics import SignInCollector

        REGISTRY.register(SignInCollector())
