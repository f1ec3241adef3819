"""What customers change about themselves that is no credential."""

from __future__ import annotations

from accounts.models import User
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.transactions import recorded


def change_language(user: User, *, language: str, actor: Actor) -> None:
    """From now on pages, mails and API speak `language` ("ja" or "en") to `user`. A repeat changes nothing."""
    with recorded(actor):
        old = User.objects.select_for_update(no_key=True).values_list("language", flat=True).get(pk=user.pk)
        if old != language:
            User.objects.filter(pk=user.pk).update(language=language)
            record(
                "accounts:language:changed",
                actor=actor,
                user_id=user.pk,
                data={"old": old, "new": language},
            )
    user.language = language
