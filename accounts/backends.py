"""How a name and a password become a person: by the canonical address, at the same cost for everybody."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import User
from accounts.models.users import canonical_email


class EmailBackend(ModelBackend):
    """Looks up by the canonical address only. An unknown one costs one hash too (requirement 5)."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The active user whose password this is, or None."""
        address = username if username is not None else kwargs.get("email")
        if address is None or password is None:
            return None
        try:
            user = User.objects.get(email=canonical_email(address))
        except (User.DoesNotExist, ValidationError):
            User().set_password(password)
            return None
        matches = user.check_password(password)
        return user if matches and user.is_active else None
