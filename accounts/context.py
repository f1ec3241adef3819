"""What every page knows about the person who looks at it."""

from __future__ import annotations

from django.http import HttpRequest


def account_context(request: HttpRequest) -> dict[str, object]:
    """What the sign-in middleware has read anyway; no query of its own.

    `restrictions`: the live suspensions. `is_being_recovered`: somebody is setting up a new second factor elsewhere.
    """
    return {
        "restrictions": getattr(request, "restrictions", []),
        "is_being_recovered": getattr(request, "is_being_recovered", False),
    }
