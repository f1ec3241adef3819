"""Locking an account without signing in: the address, then the code from the mail."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.fields import address_field, mail_code_field


class LockAddressForm(forms.Form):
    """Any address on which the account writes to its owner."""

    email = address_field(
        hint=_("Yours, also if it was changed within the last 30 days, or your second one.")
    )


class LockCodeForm(forms.Form):
    """The code stops the account: there is nothing else to answer."""

    code = mail_code_field()
