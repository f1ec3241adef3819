"""Fields that several pages ask for, and how an action's refusal gets to the field it is about."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.mail_codes import DIGITS
from wallet_site.errors import Problem
from wallet_site.forms import NewPasswordInput, OneTimeCodeInput

# Far above what anybody types; longer ones are refused, never cut (requirement 1).
LONGEST_PASSWORD = 256


def address_field(label: Any = None, *, autocomplete: str = "email", hint: Any = "") -> forms.CharField:
    """An e-mail address. What is one is decided by the action, so that every way in has the same rule."""
    widget = forms.EmailInput({"autocomplete": autocomplete, "autocapitalize": "off", "spellcheck": "false"})
    return forms.CharField(
        label=label or _("E-mail address"),
        max_length=254,
        widget=widget,
        help_text=hint,
        error_messages={"required": _("Enter your e-mail address.")},
    )


def mail_code_field(label: Any = None) -> forms.CharField:
    """The eight digits from a mail, or from a message to a phone."""
    return forms.CharField(
        label=label or _("Code from the mail"),
        max_length=20,
        widget=OneTimeCodeInput({"data-one-time-code": str(DIGITS)}),
        error_messages={"required": _("Enter the code that we sent.")},
    )


def app_code_field(label: Any = None, hint: Any = "") -> forms.CharField:
    """The six digits that an authenticator app shows, where a recovery code will not do."""
    return forms.CharField(
        label=label or _("Code from the app"),
        max_length=20,
        widget=OneTimeCodeInput(),
        help_text=hint,
        error_messages={"required": _("Enter the six digits that your app shows.")},
    )


def new_password_field() -> forms.CharField:
    """A password to be chosen. Not stripped, not cut; pasting works."""
    return forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=NewPasswordInput({"data-strength": ""}),
        help_text=_("At least 12 characters. Several words in a row are easy to keep and hard to guess."),
        error_messages={"required": _("Choose a password.")},
    )


class SecondFactorField(forms.CharField):
    """One field for a code from the app or a recovery code.

    With `recovery` the phone shows letters; either kind is taken either way.
    """

    def __init__(self, *, recovery: bool = False) -> None:
        plain = {"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        super().__init__(
            label=_("Recovery code") if recovery else _("Code from the app"),
            max_length=40,
            widget=forms.TextInput(plain) if recovery else OneTimeCodeInput(),
            help_text=_("One of the codes that you saved, such as ABCD-EFGH-IJKL-MNOP. Each works once.")
            if recovery
            else _("The six digits that your authenticator app shows now."),
            error_messages={"required": _("Enter a code.")},
        )


def show_problem(form: forms.Form, problem: Problem) -> None:
    """Put a refusal into the form: to the fields that its pointers name, otherwise above them all."""
    for error in problem.errors:
        name = error.pointer.strip("/")
        form.add_error(name if name in form.fields else None, str(error.detail))
    if not problem.errors:
        form.add_error(
            "code" if problem.code == "wrong-code" and "code" in form.fields else None, str(problem.detail)
        )
