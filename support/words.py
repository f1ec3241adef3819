"""What will happen, in words for the desk."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Suspension
from support.queries.customers import Overview


def what_stops(scope: str, overview: Overview) -> list[str]:
    """What happens when `scope` is stopped, one sentence each."""
    sentences = [
        {
            Suspension.Scope.SIGN_IN: _("The customer can no longer sign in, from the next request on."),
            Suspension.Scope.CARD_LINKING: _("The customer can link no card, from the next request on."),
            Suspension.Scope.TOP_UP: _("The customer can top up no more, from the next request on."),
            Suspension.Scope.SPENDING: _("The customer can pay in no store, from the next request on."),
            Suspension.Scope.SENDING: _("The customer can send no money, from the next request on."),
            Suspension.Scope.ALL: _(
                "The wallet is frozen: no sign-in, no cards, no money out, from the next request on."
            ),
        }[Suspension.Scope(scope)]
    ]
    if scope in (Suspension.Scope.SIGN_IN, Suspension.Scope.ALL):
        count = len(overview.devices)
        sentences.append(
            ngettext("%(count)d device is signed out.", "%(count)d devices are signed out.", count)
            % {"count": count}
        )
    else:
        sentences.append(_("Balance and history stay visible to the customer."))
    sentences.append(
        _("The customer is told at every address, with the reason in plain words and how to object.")
    )
    sentences.append(_("Only a second member of staff can lift it."))
    return sentences
