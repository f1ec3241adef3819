"""What the pages about addresses and the phone number ask for. The actions decide what is one."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.fields import address_field, mail_code_field
from accounts.models import ContactKind
from accounts.phone_numbers import LONGEST


class ChangeEmailForm(forms.Form):
    """The address that is to come."""

    new_email = address_field(
        _("New e-mail address"),
        hint=_("We send a code there. Your present address stays until you enter it."),
    )


class NoticeAddressForm(forms.Form):
    """A second address that is told of everything."""

    email = address_field(
        _("Second e-mail address"),
        hint=_(
            "Yours, or that of somebody you trust. We send a code there; it takes effect when you enter it."
        ),
    )


class PhoneForm(forms.Form):
    """A number that is told by SMS."""

    phone = forms.CharField(
        label=_("Mobile phone number"),
        max_length=LONGEST,
        widget=forms.TextInput({"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
        help_text=_("As you write it, such as 090-1234-5678. We send a code there."),
        error_messages={"required": _("Enter your mobile phone number.")},
    )


class ContactCodeForm(forms.Form):
    """The code that was sent to the new address or number."""

    def __init__(self, kind: ContactKind, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["code"] = mail_code_field(
            _("Code from the message") if kind == ContactKind.PHONE else None
        )
