"""The steps of signing up. Forms only read; the actions decide."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.fields import address_field, app_code_field, mail_code_field, new_password_field


class AddressForm(forms.Form):
    """Step 1."""

    email = address_field(hint=_("We send a code there. It is also how you sign in."))


class MailCodeForm(forms.Form):
    """Step 2, and the confirmation of a new address."""

    code = mail_code_field()


class AboutForm(forms.Form):
    """Step 3."""

    full_name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput({"autocomplete": "name"}),
        error_messages={"required": _("Enter your name.")},
    )
    # For password managers: they keep the new password together with this.
    username = forms.CharField(required=False, widget=forms.HiddenInput({"autocomplete": "username"}))
    password = new_password_field()


class AppForm(forms.Form):
    """Step 4."""

    code = app_code_field()


class SavedForm(forms.Form):
    """Step 5."""

    saved = forms.BooleanField(
        label=_("I have saved my recovery codes"),
        error_messages={"required": _("Save your recovery codes first, then tick this box.")},
    )
