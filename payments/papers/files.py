"""Papers as downloads."""

from __future__ import annotations

from django.http import HttpResponse


def pdf(name: str, content: bytes) -> HttpResponse:
    """An attachment: a viewer inside the page would need a looser policy. `name` is ours, plain ASCII."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response
