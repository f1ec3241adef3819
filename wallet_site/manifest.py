"""/manifest.webmanifest: lets a phone keep the portal on its home screen."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from wallet_site.web import public

_ICONS = (
    ("img/logo.svg", "any", "image/svg+xml", "any"),
    ("img/icon-192.png", "192x192", "image/png", "any"),
    ("img/icon-512.png", "512x512", "image/png", "any"),
    ("img/icon-maskable-512.png", "512x512", "image/png", "maskable"),
)


@public
@require_safe
@cache_control(public=True, max_age=86400)
def manifest(_request: HttpRequest) -> JsonResponse:
    """The web app manifest. A view, because the icons' addresses carry the hashes of their contents."""
    icons = [
        {"src": static(path), "sizes": sizes, "type": kind, "purpose": purpose}
        for path, sizes, kind, purpose in _ICONS
    ]
    body = {
        "name": settings.OPERATOR_NAME,
        "short_name": settings.OPERATOR_NAME,
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#eff5f5",
        "theme_color": "#00655e",
        "icons": icons,
    }
    return JsonResponse(body, content_type="application/manifest+json")
