"""/.well-known/security.txt (RFC 9116): whom to tell of a weakness."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from wallet_site.web import public

# The standard asks for less than a year; a file that nobody serves any more runs out by itself.
GOOD_FOR = timedelta(days=90)


@public
@require_safe
@cache_control(public=True, max_age=86400)
def security_txt(_request: HttpRequest) -> HttpResponse:
    """Contact, languages and until when this holds."""
    expires = (timezone.now() + GOOD_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires.isoformat()}",
        "Preferred-Languages: ja, en",
        f"Canonical: {settings.PUBLIC_URL}/.well-known/security.txt",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
