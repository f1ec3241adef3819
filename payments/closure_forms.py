"""The form with which a customer says once more that the wallet is to be closed."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ClosureForm(forms.Form):
    """A box that nobody ticks by accident."""

    understood = forms.BooleanField(
        label=_("I have read what happens. Close my wallet."),
        error_messages={"required": _("Tick the box if you want to close your wallet.")},
    )
