from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class LocalConfig(AppConfig):
    """Demo people, demo mail and their pages. Production does not install it, and could not."""

    name = "wallet_site.local"
    label = "local"

    def ready(self) -> None:
        if settings.PRODUCTION:
            raise ImproperlyConfigured(
                "wallet_site.local shows passwords and mail: it never runs in production."
            )
