"""What a page's script fills in about a passkey, and what its owner calls it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.two_factor.passkeys.ceremonies import MAXIMUM_CREDENTIAL_CHARACTERS

_CEREMONY = 4_000


class AnswerInput(forms.HiddenInput):
    """Filled in by the script, and never shown again: it is used up, and another way may follow."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Without the value."""
        context: dict[str, Any] = super().get_context(name, None, attrs)
        return context


def ceremony_field() -> forms.CharField:
    """The sealed question."""
    widget = AnswerInput({"data-passkey-ceremony": "", "autocomplete": "off"})
    return forms.CharField(required=False, max_length=_CEREMONY, widget=widget)


def credential_field() -> forms.CharField:
    """The authenticator's answer, as JSON."""
    widget = AnswerInput({"data-passkey-credential": "", "autocomplete": "off"})
    return forms.CharField(required=False, max_length=MAXIMUM_CREDENTIAL_CHARACTERS, widget=widget)


class PasskeyForm(forms.Form):
    """An answer and nothing else: signing in by a passkey alone, or making one while signing up."""

    ceremony = ceremony_field()
    credential = credential_field()


def name_field(*, required: bool = True) -> forms.CharField:
    """What the owner recognises a factor by."""
    return forms.CharField(
        label=pgettext_lazy("of a device", "Name"),
        required=required,
        max_length=40,
        help_text=_("So that you recognise it later, such as “Phone” or “Tablet”."),
        error_messages={"required": _("Enter a name.")},
    )


class AddPasskeyForm(PasskeyForm):
    """A further passkey."""

    name = name_field(required=False)
    field_order = ("name",)


class RenameForm(forms.Form):
    """Another name for a passkey or an app."""

    name = name_field()
