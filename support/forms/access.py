"""Asking for more rights for some hours."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from support.actions.access import LONGEST_HOURS, NEVER_EXTRA
from support.forms.fields import ReasonForm
from support.roles import RIGHTS, words_of


class AccessForm(ReasonForm):
    """Which right, for how long, and why."""

    right = forms.ChoiceField(label=gettext_lazy("Right"))
    hours = forms.IntegerField(label=gettext_lazy("Hours"), min_value=1, max_value=LONGEST_HOURS, initial=2)
    field_order = ("right", "hours", "reason")

    def __init__(self, *args: Any, held: frozenset[str], **options: Any) -> None:
        """Offers what the person does not hold."""
        super().__init__(*args, **options)
        choices = [(name, words_of(name)) for name in RIGHTS if name not in held and name not in NEVER_EXTRA]
        self.fields["right"].choices = choices  # type: ignore[attr-defined]
