"""What the desk types to pay a claim out."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from support.forms.fields import ReasonForm


class PayClaimForm(ReasonForm):
    """The bank's transfer, and why to this account."""

    reference = forms.CharField(
        label=_("Transfer of our bank"),
        max_length=64,
        help_text=_("Its number, as the bank's statement shows it."),
    )
    field_order = ("reference", "reason")
