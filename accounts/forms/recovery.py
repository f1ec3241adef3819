"""What the pages of a recovery ask for."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.fields import LONGEST_PASSWORD, SecondFactorField, address_field, new_password_field
from wallet_site.forms import CurrentPasswordInput


class AskForm(forms.Form):
    """The address of the account that somebody can no longer get into. Nothing else is asked: nothing else proves."""

    email = address_field(hint=_("The address of your account."))


class RecoveryCodeForm(forms.Form):
    """One of the codes that were saved."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["code"] = SecondFactorField(recovery=True)


class PasswordForm(forms.Form):
    """The password beside the link."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=CurrentPasswordInput(),
        error_messages={"required": _("Enter your password.")},
    )


class ChoosePasswordForm(forms.Form):
    """A new password, after the second wait."""

    # For password managers: they keep the new password together with this.
    username = forms.CharField(required=False, widget=forms.HiddenInput({"autocomplete": "username"}))
    new_password = new_password_field()


class StopForm(forms.Form):
    """The one deliberate answer that a stop link waits for."""

    not_me = forms.BooleanField(
        label=_("I did not ask for this"),
        error_messages={"required": _("Tick the box if you did not ask for this.")},
    )
