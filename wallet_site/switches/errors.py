"""What somebody is told who meets a pulled switch."""

from __future__ import annotations

from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from wallet_site.errors import Conflict, Unavailable
from wallet_site.switches.metrics import REFUSED
from wallet_site.switches.names import words_of

PULLED, UNKNOWN = "KK601", "KK602"
# How long machines are told to wait. People end it, no clock does.
RETRY_AFTER_SECONDS = 300


class SwitchedOff(Unavailable):
    """This capability is stopped for everybody; nothing was done. `extra` names the `switch`."""

    code = "switched-off"
    title = _("This is stopped for the moment")

    def __init__(self, name: str) -> None:
        super().__init__(words_of(name).told, retry_after=RETRY_AFTER_SECONDS, switch=name)
        REFUSED.labels(name).inc()


class AlreadyFlipped(Conflict):
    """Somebody was faster: the switch is in that state."""

    code = "already-flipped"
    detail = _("Somebody was faster: this switch is in that state already. Nothing has changed.")


def refusal_of(error: DatabaseError) -> SwitchedOff | None:
    """The refusal of a guard in the database (`switches_require`), or None for any other error.

    A switch that does not exist refuses like a pulled one.
    """
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) not in (PULLED, UNKNOWN):
        return None
    return SwitchedOff(str(getattr(getattr(cause, "diag", None), "message_detail", "") or ""))
