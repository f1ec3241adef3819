"""Telling a phone by push: its app registers the token that the phone's maker gave it, and takes it away again."""

from __future__ import annotations

from django.db import connection
from django.db.models.functions import Now

from accounts.models import ApiDevice, PushToken
from wallet_site.actor import Actor
from wallet_site.audit.recording import record
from wallet_site.crypto import digest
from wallet_site.errors import NotSignedIn
from wallet_site.transactions import recorded


def token_digest(token: str) -> bytes:
    """By which a push token is found."""
    return digest(token, "push-token")


def register_push_token(device: ApiDevice, *, provider: str, token: str, actor: Actor) -> None:
    """From now on `device` is told by push. It takes the place of the token before, and of the same one elsewhere.

    A repeat changes nothing but the time. Raises `NotSignedIn` for a device that was revoked meanwhile.
    """
    with recorded(actor):
        if (
            not ApiDevice.objects.select_for_update(no_key=True)
            .filter(pk=device.pk, revoked_at=None)
            .exists()
        ):
            raise NotSignedIn
        known_by = token_digest(token)
        _one_at_a_time(known_by)
        PushToken.objects.filter(token_digest=known_by).exclude(device=device).delete()
        PushToken.objects.update_or_create(
            device=device,
            defaults={
                "provider": provider,
                "token": token,
                "token_digest": known_by,
                "registered_at": Now(),
            },
        )
        record(
            "accounts:push_token:registered",
            actor=actor,
            subject=device,
            user_id=device.user_id,
            data={"provider": provider},
        )


def remove_push_token(device: ApiDevice, *, actor: Actor) -> None:
    """`device` is no longer told by push. A repeat changes nothing."""
    with recorded(actor):
        removed, _per_model = PushToken.objects.filter(device=device).delete()
        if removed:
            record("accounts:push_token:removed", actor=actor, subject=device, user_id=device.user_id)


def _one_at_a_time(known_by: bytes) -> None:
    """Two devices that register the same token wait for each other: the later one has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(known_by[:8], signed=True)])
