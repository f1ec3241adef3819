"""Somebody without a sign-in asked to stop an account: the code that does it is on its way."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from wallet_site.rights import EVERYTHING


class LockRequest(models.Model):
    """One asking. It names the address that was typed and no account: asking costs the same for everybody.

    Codes are derived for each account (`accounts.account_locks`), so none is stored. Who asked holds the id.
    """

    database_rights: ClassVar = EVERYTHING

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.EmailField(help_text="canonical, as it was typed")
    code_tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"lock {self.id}"
