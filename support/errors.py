"""What the desk refuses, each with a stable code and words that say what to do next."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from wallet_site.errors import Conflict, NotAllowed


class RoleMissing(NotAllowed):
    """The member of staff lacks the permission. Nothing was done."""

    code = "role-missing"
    title = _("Your role does not allow this")
    detail = _("Ask a supervisor to do this, or to change your role.")


class OwnRequest(NotAllowed):
    """Somebody tried to approve what they had asked for themselves."""

    code = "own-request"
    title = _("Somebody else must decide this")
    detail = _("You asked for this yourself. Another member of staff has to approve it.")


class AlreadyAsked(Conflict):
    """A request for the same thing is waiting."""

    code = "already-asked"
    title = _("This is already waiting for approval")
    detail = _("Somebody has asked for this already. It waits for another member of staff.")


class AlreadyHeld(Conflict):
    """The person has this right without asking."""

    code = "already-held"
    title = _("You have this right already")
    detail = _("You have this right already. There is nothing to ask for.")


class NotWaiting(Conflict):
    """The request was decided by somebody else, or has expired."""

    code = "not-waiting"
    title = _("This request is no longer waiting")
    detail = _("It was decided already or has expired. Ask again if it is still needed.")


class CaseClosed(Conflict):
    """The case was closed in the meantime."""

    code = "case-closed"
    detail = _("The case is closed.")
