"""System checks of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.core.checks import CheckMessage, Error, Tags, register

from support.site import DeskAdminSite


@register(Tags.security)
def admin_site_asks_for_a_second_factor(
    app_configs: Sequence[AppConfig] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """A package that puts its own site in the place of ours opens the admin to a password alone (requirement 38)."""
    # `admin.site` is a lazy object; what it has become is told by its class.
    if admin.site.__class__ is DeskAdminSite:
        return []
    return [
        Error(
            f"django.contrib.admin.site is a {admin.site.__class__.__name__}.",
            hint="Some installed app replaced it. Keep support.apps.DeskAdminConfig in INSTALLED_APPS, and no app "
            "that sets `default_site`.",
            id="support.E001",
        )
    ]
