"""Every address of the portal."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from wallet_site import health
from wallet_site.manifest import manifest
from wallet_site.security_txt import security_txt
from wallet_site.web import public

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("manifest.webmanifest", manifest, name="manifest"),
    path(".well-known/security.txt", security_txt),
    path("language/", public(set_language), name="set_language"),
    path("admin/", admin.site.urls),
    path("api/", include("wallet_site.api.urls")),
    path("", include("accounts.urls")),
    path("", include("payments.urls")),
    path("", include("support.urls")),
]

if not settings.PRODUCTION:
    urlpatterns.append(path("demo/", include("wallet_site.local.urls")))

# Under /api/ these answer with problem+json, elsewhere with the error pages.
handler400 = "wallet_site.api.failures.bad_request"
handler403 = "wallet_site.api.failures.forbidden"
handler404 = "wallet_site.api.failures.not_found"
handler500 = "wallet_site.api.failures.broken"
