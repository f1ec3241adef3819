"""Forms of sending, asking for money and limits of one's own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from payments.models import Card
from payments.models.transfers import MESSAGE_LENGTH
from wallet_site.errors import InvalidInput, Problem
from wallet_site.forms import AmountInput, ChoiceCards
from wallet_site.money import parse_amount


class PageForm(forms.Form):
    """What the forms of money share: a refusal stands where its pointer says, or at the top."""

    def show(self, problem: Problem) -> None:
        """Show why it was refused."""
        shown = [error for error in problem.errors if error.pointer.lstrip("/") in self.fields]
        for error in shown:
            self.add_error(error.pointer.lstrip("/"), str(error.detail))
        if not shown:
            self.add_error(None, str(problem.detail))


def read_amount(form: forms.Form, name: str) -> int:
    """An amount field in minor units; raises ValidationError."""
    try:
        return parse_amount(form.cleaned_data[name], settings.CURRENCY)
    except InvalidInput as problem:
        raise forms.ValidationError(str(problem.errors[0].detail)) from problem


class FindPayeeForm(PageForm):
    """By what somebody is looked for."""

    address = forms.CharField(
        label=_("E-mail address or phone number"),
        max_length=254,
        help_text=_("Exactly as the person gave it to you."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": _("Enter an e-mail address or a phone number.")},
    )


class SendForm(PageForm):
    """How much, and a word with it. The key makes pressing twice send once."""

    amount = forms.CharField(
        label=_("Amount"),
        max_length=20,
        widget=AmountInput(),
        error_messages={"required": _("Enter an amount.")},
    )
    message = forms.CharField(
        label=_("Message"),
        required=False,
        max_length=MESSAGE_LENGTH,
        help_text=_("The other person reads it in their wallet."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid.uuid4())

    def clean_amount(self) -> int:
        return read_amount(self, "amount")


class FindabilityForm(forms.Form):
    """By what others may find one."""

    by_email = forms.BooleanField(label=_("By my e-mail address"), required=False)
    by_phone = forms.BooleanField(label=_("By my phone number"), required=False)


class OwnLimitForm(PageForm):
    """One limit; left empty there is none of one's own."""

    amount = forms.CharField(
        label=_("Amount"),
        required=False,
        max_length=20,
        widget=AmountInput(),
        help_text=_("Leave it empty for no limit of your own."),
    )

    def clean_amount(self) -> int | None:
        """Minor units; 0 is an amount here, and stops everything that the limit is about."""
        text = self.cleaned_data["amount"].strip()
        if not text:
            return None
        return 0 if text in ("0", "０") else read_amount(self, "amount")


class AutoTopUpForm(PageForm):
    """Below which balance, how much and from which card."""

    threshold = forms.CharField(
        label=_("When the balance falls below"),
        max_length=20,
        widget=AmountInput(),
        error_messages={"required": _("Enter an amount.")},
    )
    amount = forms.CharField(
        label=_("Top up"),
        max_length=20,
        widget=AmountInput(),
        error_messages={"required": _("Enter an amount.")},
    )
    card = forms.ChoiceField(
        label=_("From which card"),
        widget=ChoiceCards(),
        error_messages={
            "required": _("Choose a card."),
            "invalid_choice": _("Choose one of your cards."),
        },
    )

    def __init__(self, *args: Any, cards: Sequence[Card], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(card.public_id), f"{card.brand_name} •••• {card.last_four}") for card in cards]
        field = self.fields["card"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker what it is
        field.choices = choices
        if choices:
            self.initial.setdefault("card", choices[0][0])

    def clean_threshold(self) -> int:
        return read_amount(self, "threshold")

    def clean_amount(self) -> int:
        return read_amount(self, "amount")
