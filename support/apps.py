from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class SupportConfig(AppConfig):
    """The desk: find, stop, tell, repay, prove."""

    name = "support"
    default = True

    def ready(self) -> None:
        from support import checks, kinds, notices  # noqa: F401  (registered by being imported)


class DeskAdminConfig(admin_apps.AdminConfig):
    """Django's admin on our own site class, which asks for a verified second factor."""

    default_site = "support.site.DeskAdminSite"
    default = False
