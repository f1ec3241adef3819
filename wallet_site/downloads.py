"""Files that are handed to one person: no cache keeps them, and their name says nothing about anybody."""

from __future__ import annotations

from django.http import HttpResponse


def zip_file(name: str, content: bytes) -> HttpResponse:
    """A download called `name` (with ".zip")."""
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response
