"""Undoing what was done to passkeys: what was added goes, what was removed or changed comes back as it lay."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime

from accounts.models import Passkey, User
from accounts.undo_links import UndoLink


def remove_added_passkey(link: UndoLink, user: User) -> list[str]:
    """Whoever added it, it opens nothing any more."""
    removed, _per_model = Passkey.objects.filter(user=user, pk=link.change.subject_id).delete()
    return ["passkey_removed"] if removed else []


def restore_passkey(link: UndoLink, user: User) -> list[str]:
    """The removed or changed passkey again. One that is on file elsewhere meanwhile stays there."""
    row: dict[str, Any] | None = link.change.removed_row
    if row is None:
        return []
    theirs = Passkey.objects.filter(user=user, pk=row["id"])
    same = Passkey.objects.filter(credential_id_sha256=row["credential_id_sha256"])
    if (
        Passkey.objects.filter(pk=row["id"]).exclude(user=user).exists()
        or same.exclude(pk=row["id"]).exists()
    ):
        return []
    last_used = row.get("last_used_at")
    restored = Passkey(
        pk=row["id"],
        public_id=row["public_id"],
        user=user,
        name=row["name"],
        confirmed=True,
        credential_id=_bytes(row["credential_id"]),
        credential_id_sha256=row["credential_id_sha256"],
        public_key=_bytes(row["public_key"]),
        # A counter never goes back: what was used meanwhile stays used.
        sign_count=max([row["sign_count"], *theirs.values_list("sign_count", flat=True)]),
        aaguid=row["aaguid"],
        transports=row["transports"],
        discoverable=row["discoverable"],
        backup_eligible=row["backup_eligible"],
        backup_state=row["backup_state"],
        created_at=parse_datetime(row["created_at"]),
        last_used_at=parse_datetime(last_used) if last_used else None,
    )
    restored.save()
    return ["passkey"]


def _bytes(text: str) -> bytes:
    """PostgreSQL's hex form of bytes in JSON."""
    return bytes.fromhex(text.removeprefix("\\x"))
