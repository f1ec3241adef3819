"""What people read about a sign-in: the same facts in the notice and on the page behind its link."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import ApiDevice, SignIn
from accounts.notices.words import when, where


def sign_in_facts(subject: SignIn | ApiDevice, *, at: datetime) -> list[tuple[str, str]]:
    """What, when and from where: a browser's session, or an app on a device."""
    if isinstance(subject, SignIn):
        what, device = _("Sign-in in a browser"), subject.device
    else:
        what, device = _("Sign-in in the app"), subject.name
    origin = {"kind": "customer", "device": device, "network": subject.network or ""}
    return [(_("What"), what), (_("When"), when(at)), (_("From where"), where(origin))]
