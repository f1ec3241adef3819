"""What several forms of the desk share. Everything that changes something needs a reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy


def text_field(label: Any, *, rows: int = 3, help_text: Any = "", required: bool = True) -> forms.CharField:
    """Some lines of words."""
    return forms.CharField(
        label=label,
        widget=forms.Textarea(attrs={"rows": rows}),
        max_length=2000,
        help_text=help_text,
        required=required,
    )


class ReasonForm(forms.Form):
    """Why somebody does what the page says."""

    reason = text_field(gettext_lazy("Reason"), help_text=gettext_lazy("For the desk; kept for good."))
