"""The names of what accounts tells people about. `outbox.owing.owe` refuses a name that no notice answers to."""

from __future__ import annotations

import json
from typing import Any, Final

from wallet_site.actor import Actor

# Owed by database triggers (migration 0003), never by Python.
CREDENTIAL_CHANGED: Final = "accounts:credential:changed"
ACCOUNT_OPENED: Final = "accounts:account:opened"
UNFAMILIAR_SIGN_IN: Final = "accounts:sign_in:unfamiliar"  # (migration 0081)
RECOVERY_MOVED: Final = "accounts:recovery:moved"  # (migration 0041)

SIGN_UP_CODE: Final = "accounts:sign_up:code"
KNOWN_ADDRESS: Final = "accounts:sign_up:known_address"
EMAIL_CHANGE_CODE: Final = "accounts:email_change:code"
NOTICE_ADDRESS_CODE: Final = "accounts:notice_address:code"
PHONE_CODE: Final = "accounts:phone:code"
EMAIL_CHANGE_ASKED: Final = "accounts:email_change:asked"
STUFFING_SEEN: Final = "accounts:stuffing:seen"
WRONG_FACTOR: Final = "accounts:sign_in:wrong_factor"
PASSKEY_COPIED: Final = "accounts:passkey:copied"
RESET_LINK: Final = "accounts:password_reset:link"
SUSPENSION_MADE: Final = "accounts:suspension:made"
SUSPENSION_LIFTED: Final = "accounts:suspension:lifted"
LOCK_CODE: Final = "accounts:lock:code"
UNDO_USED: Final = "accounts:undo:used"
RECEIPTS_QUIETER: Final = "accounts:receipts:quieter"
RECOVERY_CODE: Final = "accounts:recovery:code"
RECOVERY_LINK: Final = "accounts:recovery:link"


def origin(actor: Actor) -> dict[str, Any]:
    """From where something was done, as a notice's payload keeps it."""
    facts: dict[str, Any] = json.loads(actor.as_json())
    return {key: facts[key] for key in ("kind", "name", "network", "device") if key in facts}
