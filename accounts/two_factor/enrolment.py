"""What somebody needs to bind an authenticator app: a picture to scan and a key to type."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe


def provisioning_uri(seed: str, account: str) -> str:
    """The `otpauth://` address that apps read; the secret comes first, as some of them want it."""
    label = quote(f"{settings.OTP_TOTP_ISSUER}:{account}")
    query = urlencode(
        {"secret": seed, "issuer": settings.OTP_TOTP_ISSUER, "digits": 6, "period": 30}, quote_via=quote
    )
    return f"otpauth://totp/{label}?{query}"


def qr_svg(text: str) -> SafeString:
    """A QR code as inline SVG of two paths, without any style attribute: the CSP allows none."""
    svg = segno.make(text, error="m").svg_inline(
        omitsize=True, light="#fff", dark="#000", border=4, lineclass=None
    )
    return mark_safe(svg)  # noqa: S308  (segno's own markup; the text is drawn, never written)


def grouped_key(seed: str) -> str:
    """The key in groups of four, for typing."""
    return " ".join(seed[i : i + 4] for i in range(0, len(seed), 4))
