"""What the security pages ask for."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.forms.fields import (
    LONGEST_PASSWORD,
    SecondFactorField,
    address_field,
    app_code_field,
    new_password_field,
)
from accounts.forms.passkeys import ceremony_field, credential_field
from accounts.models import User
from accounts.two_factor.passkeys.proofs import PasskeyAnswer
from wallet_site.forms import AmountInput, ChoiceCards, CurrentPasswordInput

THEMES = [("auto", _("As on this device")), ("light", _("Light")), ("dark", _("Dark"))]


class ChangePasswordForm(forms.Form):
    """The present password and the new one."""

    current_password = forms.CharField(
        label=_("Current password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=CurrentPasswordInput(),
        error_messages={"required": _("Enter your current password.")},
    )
    new_password = new_password_field()


class ResetAddressForm(forms.Form):
    """Whose password was forgotten."""

    email = address_field(autocomplete="username", hint=_("The one that you sign in with."))


class AddAppForm(forms.Form):
    """A name for the app and its first code."""

    name = forms.CharField(
        label=pgettext_lazy("of a device", "Name"),
        max_length=40,
        help_text=_("So that you recognise it later, such as “Phone” or “Tablet”."),
        error_messages={"required": _("Enter a name.")},
    )
    code = app_code_field()


class UndoForm(forms.Form):
    """The one deliberate answer that an undo link waits for."""

    not_me = forms.BooleanField(
        label=_("I did not make this change"),
        error_messages={"required": _("Tick the box if you did not make this change.")},
    )


class ReportSignInForm(forms.Form):
    """The same for the link of a sign-in."""

    not_me = forms.BooleanField(
        label=_("I did not sign in there"),
        error_messages={"required": _("Tick the box if this was not you.")},
    )


class NewPasswordForm(forms.Form):
    """The end of a reset: the new password, and the second factor without which it does not count."""

    new_password = new_password_field()
    ceremony = ceremony_field()
    credential = credential_field()

    def __init__(self, *args: object, recovery: bool = False, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["code"] = SecondFactorField(recovery=recovery)
        self.fields["code"].required = not self.data.get(self.add_prefix("credential"))

    @property
    def answer(self) -> str | PasskeyAnswer:
        """The proof of a form that could be read: the code, or what a passkey answered."""
        values = self.cleaned_data
        if values["credential"]:
            return PasskeyAnswer(values["ceremony"], values["credential"])
        return str(values["code"])


class PreferencesForm(forms.Form):
    """Language and appearance."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=User.Language.choices,
        widget=ChoiceCards(),
        help_text=_("For the pages and for everything we write to you."),
    )
    theme = forms.ChoiceField(
        label=_("Appearance"), choices=THEMES, widget=ChoiceCards(), help_text=_("On this device only.")
    )


class ReceiptsForm(forms.Form):
    """Which receipts somebody wants. What concerns safety is no matter of choice."""

    receipts_by_push = forms.BooleanField(
        label=_("Receipts on my phone"),
        required=False,
        help_text=_("A message for every payment, top-up and refund, on each phone with our app."),
    )
    receipts_by_email = forms.BooleanField(
        label=_("Receipts by e-mail"),
        required=False,
        help_text=_("Every top-up and refund, and payments from the amount below on."),
    )
    receipts_email_from = forms.CharField(
        label=_("Mail payments from this amount on"),
        max_length=20,
        widget=AmountInput(),
        help_text=_("¥0 mails every payment. All of them are on your activity page anyway."),
        error_messages={"required": _("Enter an amount.")},
    )
